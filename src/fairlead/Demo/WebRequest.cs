using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Fairlead.Demo;

/// <summary>What is asked of a web server: GET, and the connection ends.</summary>
/// <param name="Host">Host, and the name that TLS asks for.</param>
/// <param name="Path">The path.</param>
internal sealed record WebRequest(string Host, string Path)
{
    /// <summary>Asked over TLS, and this certificate alone is believed; null: over plain HTTP.</summary>
    public X509Certificate2? Trusted { get; init; }

    /// <summary>What the client says of who it is (X-Forwarded-For); empty: nothing.</summary>
    public string Claim { get; init; } = "";

    /// <summary>The port that the scheme has.</summary>
    public int Port => Trusted is null ? 80 : 443;

    /// <summary>The request as it is sent.</summary>
    public byte[] Bytes() =>
        Encoding.ASCII.GetBytes($"GET {Path} HTTP/1.1\r\nHost: {Host}\r\n{(Claim.Length > 0 ? $"X-Forwarded-For: {Claim}\r\n" : "")}Connection: close\r\n\r\n");

    /// <summary>How the handshake is done: the host by SNI, its certificate checked as browsers do, the one trusted in place of authorities.</summary>
    public SslClientAuthenticationOptions Handshake()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(Trusted!);
        return new SslClientAuthenticationOptions { TargetHost = Host, CertificateChainPolicy = policy };
    }

    /// <summary>As a URL.</summary>
    public override string ToString() => $"{(Trusted is null ? "http" : "https")}://{Host}{Path}";
}
