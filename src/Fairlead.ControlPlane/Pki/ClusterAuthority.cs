using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Fairlead.ControlPlane.Pki;

/// <summary>
/// The certificate authority of one cluster, kept in its state directory (ECDSA P-256; key 0600 in a directory 0700). It signs the server's
/// certificate and every client's; nothing else is trusted, and nobody is admitted without a certificate of it.
/// </summary>
public sealed class ClusterAuthority : IDisposable
{
    private static readonly TimeSpan AuthorityLife = TimeSpan.FromDays(3650);
    private static readonly TimeSpan LeafLife = TimeSpan.FromDays(365);

    /// <summary>Tolerates a clock that was set back after the certificate was made.</summary>
    private static readonly TimeSpan Backdated = TimeSpan.FromHours(24);

    private static readonly Oid ServerAuth = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientAuth = new("1.3.6.1.5.5.7.3.2");

    private readonly X509Certificate2 _authority;
    private readonly TimeProvider _time;

    private ClusterAuthority(X509Certificate2 authority, TimeProvider time)
    {
        _authority = authority;
        _time = time;
    }

    /// <summary>The authority's certificate, PEM: what a client trusts.</summary>
    public string CertificatePem => _authority.ExportCertificatePem();

    /// <summary>Opens the authority in <paramref name="directory"/>, or makes one.</summary>
    /// <exception cref="IOException">The directory cannot be read or written, or holds something else; the message says which file.</exception>
    public static ClusterAuthority OpenOrCreate(string directory, TimeProvider time)
    {
        SecretFile.EnsureDirectory(directory);
        var (certificatePath, keyPath) = (Path.Combine(directory, "ca.crt"), Path.Combine(directory, "ca.key"));
        if (!File.Exists(certificatePath) || !File.Exists(keyPath))
        {
            using var made = Create(time);
            SecretFile.Write(keyPath, made.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
            SecretFile.Write(certificatePath, made.ExportCertificatePem());
        }

        try
        {
            return new ClusterAuthority(X509Certificate2.CreateFromPemFile(certificatePath, keyPath), time);
        }
        catch (CryptographicException e)
        {
            throw new IOException($"{certificatePath} and {keyPath} are not a certificate with its key; remove both to make a new authority", e);
        }
    }

    /// <summary>Signs a client's certificate, valid for a year.</summary>
    /// <param name="user">Its user name (CN).</param>
    /// <param name="groups">Its groups (O).</param>
    public ClientCredential IssueClient(string user, params IReadOnlyList<string> groups)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        foreach (var group in groups)
        {
            subject.AddOrganizationName(group);
        }

        subject.AddCommonName(user);
        var request = Leaf(subject.Build(), key, ClientAuth);
        using var certificate = Sign(request);
        return new ClientCredential(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Signs the server's certificate for the names and addresses it is reached by.</summary>
    public X509Certificate2 IssueServer(IEnumerable<string> names, IEnumerable<IPAddress> addresses)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Leaf(new X500DistinguishedName("CN=kube-apiserver"), key, ServerAuth);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            alternatives.AddDnsName(name);
        }

        foreach (var address in addresses)
        {
            alternatives.AddIpAddress(address);
        }

        request.CertificateExtensions.Add(alternatives.Build());
        using var certificate = Sign(request);
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>True when the certificate is a client's, signed by this authority and valid now.</summary>
    public bool Admits(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = _time.GetLocalNow().DateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(ClientAuth);
        return chain.Build(certificate);
    }

    /// <inheritdoc/>
    public void Dispose() => _authority.Dispose();

    private static X509Certificate2 Create(TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=fairlead-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority(0));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = time.GetUtcNow();
        return request.CreateSelfSigned(now - Backdated, now + AuthorityLife);
    }

    private static CertificateRequest Leaf(X500DistinguishedName subject, ECDsa key, Oid purpose)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForEndEntity(critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([purpose], critical: false));
        return request;
    }

    private X509Certificate2 Sign(CertificateRequest request)
    {
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7F) | 0x01);
        var now = _time.GetUtcNow();
        return request.Create(_authority, now - Backdated, now + LeafLife, serial);
    }
}

/// <summary>A client's certificate and its private key, both PEM.</summary>
public sealed record ClientCredential(string CertificatePem, string KeyPem);
