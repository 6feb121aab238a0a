using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Cluster.Model;

namespace Fairlead.Ingress.Tls;

/// <summary>Secrets of type kubernetes.io/tls as certificates that can be served, or the reason in words why one cannot. No word is the key's.</summary>
internal static class CertificateReader
{
    private const string RsaKey = "1.2.840.113549.1.1.1";
    private const string EllipticKey = "1.2.840.10045.2.1";

    /// <summary>Reads one. The first certificate of tls.crt is the host's, those behind it vouch for it (RFC 5246, 7.4.2).</summary>
    /// <returns>The certificate, or null and the problem.</returns>
    public static (ServerCertificate? Certificate, string Problem) Read(TlsSecretRow secret)
    {
        X509Certificate2Collection chain = [];
        try
        {
            chain.ImportFromPem(secret.Certificate);
            if (chain.Count == 0)
            {
                return (null, "tls.crt holds no certificate in PEM");
            }

            if (KeyFault(secret.PrivateKey) is { } fault)
            {
                return (null, fault);
            }

            if (WithKey(chain[0], secret.PrivateKey) is not { } leaf)
            {
                return (null, "the certificate in tls.crt is neither for an RSA key nor for one of an elliptic curve (ECDSA)");
            }

            var certificate = new ServerCertificate(leaf, [.. chain.Skip(1)]);
            chain = [chain[0]];
            return (certificate, "");
        }
        catch (CryptographicException)
        {
            return (null, chain.Count == 0 ? "tls.crt holds a certificate that cannot be read" : "the private key in tls.key cannot be read as one of the certificate in tls.crt");
        }
        catch (ArgumentException)
        {
            return (null, "the private key in tls.key is not that of the first certificate in tls.crt");
        }
        finally
        {
            foreach (var certificate in chain)
            {
                certificate.Dispose();
            }
        }
    }

    /// <summary>The first certificate of a Secret is this one; false for a Secret that there is not or that is none.</summary>
    public static bool IsOf(TlsSecretRow? secret, X509Certificate2 certificate)
    {
        try
        {
            using var own = secret is null ? null : X509Certificate2.CreateFromPem(secret.Certificate);
            return own?.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span) == true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static string? KeyFault(ReadOnlySpan<char> pem)
    {
        while (PemEncoding.TryFind(pem, out var fields))
        {
            switch (pem[fields.Label])
            {
                case "PRIVATE KEY" or "RSA PRIVATE KEY" or "EC PRIVATE KEY":
                    return null;
                case "ENCRYPTED PRIVATE KEY":
                    return "the private key in tls.key is encrypted";
            }

            pem = pem[fields.Location.End..];
        }

        return "tls.key holds no private key in PEM";
    }

    private static X509Certificate2? WithKey(X509Certificate2 certificate, string pem)
    {
        switch (certificate.GetKeyAlgorithm())
        {
            case RsaKey:
                using (var key = RSA.Create())
                {
                    key.ImportFromPem(pem);
                    return certificate.CopyWithPrivateKey(key);
                }

            case EllipticKey:
                using (var key = ECDsa.Create())
                {
                    key.ImportFromPem(pem);
                    return certificate.CopyWithPrivateKey(key);
                }

            default:
                return null;
        }
    }
}
