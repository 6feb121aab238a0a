using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Fairlead.Ingress.Tls;

/// <summary>
/// A certificate with its key. What handshakes need is made once, for the first of them, so that a handshake costs the framework's work alone, sessions are
/// resumed, and of thousands only those cost that are asked for. Disposed only when no handshake can be using it.
/// </summary>
internal sealed class ServerCertificate : IDisposable
{
    private const string DefaultName = "CN=Fairlead Ingress Self-Signed";
    private static readonly TimeSpan DefaultLife = TimeSpan.FromDays(3650);

    /// <summary>Tolerates clients whose clock is behind.</summary>
    private static readonly TimeSpan Backdated = TimeSpan.FromHours(24);

    private readonly X509Certificate2 _leaf;
    private readonly IReadOnlyList<X509Certificate2> _issuers;
    private readonly Lazy<SslServerAuthenticationOptions> _options;

    /// <param name="leaf">The certificate with its private key; owned from here on.</param>
    /// <param name="issuers">Those that vouch for it; owned too. Nothing else is looked for: nothing is fetched from anywhere.</param>
    public ServerCertificate(X509Certificate2 leaf, IReadOnlyList<X509Certificate2> issuers)
    {
        (_leaf, _issuers) = (leaf, issuers);
        NotBefore = leaf.NotBefore.ToUniversalTime();
        NotAfter = leaf.NotAfter.ToUniversalTime();
        _options = new Lazy<SslServerAuthenticationOptions>(() => new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(leaf, [.. issuers], offline: true),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            AllowRenegotiation = false,
        });
    }

    /// <summary>What a handshake is made with. The same for all: nobody may change it.</summary>
    public SslServerAuthenticationOptions Options => _options.Value;

    /// <summary>Valid from.</summary>
    public DateTimeOffset NotBefore { get; }

    /// <summary>Valid until.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>A certificate that nobody vouches for and no host has, for hosts without one: ECDSA P-256, its key known to this process alone.</summary>
    public static ServerCertificate SelfSigned(TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(DefaultName, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForEndEntity(critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        var now = time.GetUtcNow();
        return new ServerCertificate(request.CreateSelfSigned(now - Backdated, now + DefaultLife), []);
    }

    /// <summary>Whether a client that asks for <paramref name="host"/> (for a wildcard: for any name it stands for) finds it among the certificate's names.</summary>
    public bool Covers(string host)
    {
        // A label that no certificate names: only a wildcard covers it.
        var asked = host.StartsWith("*.", StringComparison.Ordinal) ? string.Concat("any-label", host.AsSpan(1)) : host;
        try
        {
            return _leaf.MatchesHostname(asked, allowWildcards: true, allowCommonName: false);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // Names that cannot be read cover nobody; a host that is none is covered by nobody.
            return false;
        }
    }

    /// <summary>The certificate's subject; never its key.</summary>
    public override string ToString() => _leaf.Subject;

    /// <inheritdoc/>
    public void Dispose()
    {
        _leaf.Dispose();
        foreach (var issuer in _issuers)
        {
            issuer.Dispose();
        }
    }
}
