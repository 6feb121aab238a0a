using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>Asks a cluster's Ingresses from outside, for hosts that no name server knows.</summary>
internal sealed class IngressClient : IDisposable
{
    private readonly ClusterFixture _cluster;
    private readonly HttpClient _client;

    /// <summary>A client with connections of its own.</summary>
    /// <param name="cluster">Whom it asks.</param>
    /// <param name="subject">The certificate that it takes, which must name the host asked for.</param>
    public IngressClient(ClusterFixture cluster, string subject = "")
    {
        _cluster = cluster;
        _client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            ConnectCallback = async (context, cancellationToken) => await ConnectAsync(context.DnsEndPoint.Port, cancellationToken),
            SslOptions =
            {
                RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                    errors is SslPolicyErrors.None or SslPolicyErrors.RemoteCertificateChainErrors && certificate?.Subject == subject,
            },
        });
    }

    /// <summary>One request; a POST, PUT or PATCH has a body.</summary>
    public async Task<(int Status, string Body)> AskAsync(string url, string method = "GET", bool keepsConnection = true)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(url, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Content = method[0] == 'P' ? new StringContent("some order") : null;
        request.Headers.ConnectionClose = keepsConnection ? null : true;
        using var answer = await _client.SendAsync(request, Deadline.Token());
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Deadline.Token()));
    }

    /// <summary>Asks until the answer's status is this, and tells what the others were.</summary>
    public async Task<IReadOnlyList<int>> UntilAsync(string url, int status)
    {
        var (others, deadline) = (new List<int>(), Deadline.Token());
        while ((await AskAsync(url)).Status is var seen && seen != status)
        {
            others.Add(seen);
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline);
        }

        return others;
    }

    /// <summary>A connection behind its handshake, whoever's the certificate is.</summary>
    public async Task<SslStream> HandshakeAsync(string host)
    {
        var stream = new SslStream(await ConnectAsync(443, Deadline.Token()));
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = host,
#pragma warning disable CA5359 // the test looks at it
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
        };
        await stream.AuthenticateAsClientAsync(options, Deadline.Token());
        return stream;
    }

    /// <summary>A Secret with a certificate of its own making.</summary>
    public static string SelfSigned(string name, string subject, params IEnumerable<string> hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        hosts.ToList().ForEach(alternatives.AddDnsName);
        request.CertificateExtensions.Add(alternatives.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return Secret(name, certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>A Secret that says to be a certificate.</summary>
    public static string Secret(string name, string certificate, string key) =>
        $$"""
        apiVersion: v1
        kind: Secret
        metadata: {name: {{name}} }
        type: kubernetes.io/tls
        stringData: {tls.crt: {{Quoted(certificate)}}, tls.key: {{Quoted(key)}} }
        """;

    public void Dispose() => _client.Dispose();

    private static string Quoted(string text) => System.Text.Json.JsonSerializer.Serialize(text);

    private async Task<NetworkStream> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        var socket = _cluster.InOutside(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            await socket.ConnectAsync(IPAddress.Parse(IngressFixture.Address), port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
