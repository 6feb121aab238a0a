using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Dns.Config;

namespace Fairlead.Dns.Forward;

/// <summary>Opens connections to upstreams: TCP, or TLS (RFC 7858 §3).</summary>
internal static class UpstreamStreams
{
    // A handshake may go on when the question that began it has given up.
    private static readonly TimeSpan OpenTime = TimeSpan.FromSeconds(5);

    /// <summary>Opens one.</summary>
    /// <exception cref="IOException">The connection ended, or a file of the options cannot be read.</exception>
    /// <exception cref="SocketException">It cannot be opened.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The other side is not who it should be.</exception>
    /// <exception cref="CryptographicException">A file of the options is no certificate or no key, or the key is another certificate's.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled, or took too long.</exception>
    public static async Task<Stream> OpenAsync(UpstreamContext context, IPEndPoint address, bool isTls, CancellationToken cancellationToken)
    {
        var socket = context.Open(address.AddressFamily, SocketType.Stream);
        try
        {
            using var timeout = new CancellationTokenSource(OpenTime, context.Time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            socket.NoDelay = true;
            await socket.ConnectAsync(address, both.Token);
            var plain = new NetworkStream(socket, ownsSocket: true);
            return isTls ? await SecureAsync(plain, context.Options, address, both.Token) : plain;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Files are read for each connection, so that renewed ones are taken up.
    private static async Task<Stream> SecureAsync(Stream plain, ForwardOptions options, IPEndPoint address, CancellationToken cancellationToken)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck };
        if (options.TlsAuthorities is { } authorities)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.ImportFromPem(Read(authorities));
        }

        var secure = new SslStream(plain);
        await secure.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = options.TlsServerName.Length > 0 ? options.TlsServerName : address.Address.ToString(),
                ApplicationProtocols = [new SslApplicationProtocol("dot")],
                CertificateChainPolicy = policy,
                ClientCertificateContext = options is { TlsCertificate: { } certificate, TlsKey: { } key } ? Own(Read(certificate), Read(key)) : null,
            },
            cancellationToken);
        return secure;
    }

    // The first certificate of the file is ours, those behind it lead from it to its authority.
    private static SslStreamCertificateContext Own(string certificate, string key)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificate);
        return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(certificate, key), chain, offline: true);
    }

    private static string Read(PemFile file)
    {
        try
        {
            return file.Text ?? File.ReadAllText(file.Path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }
}
