using System.Net;
using System.Net.Security;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Streaming;

namespace Fairlead.ControlPlane.Forwarding;

/// <summary>
/// HTTP/1.1 to pods and nodes. The API server is in no node's network, so the pods role connects for it, as kubelet does for port-forward; each request
/// has a connection of its own.
/// </summary>
internal sealed class ProxyTransport : IDisposable
{
    private const int MostRefusalBytes = 4096;

    private static readonly HttpRequestOptionsKey<ProxyTarget> TargetKey = new("fairlead.target");
    private static readonly KeyValuePair<string, string>[] Upgrade = [new("Connection", "Upgrade"), new("Upgrade", "tcp")];

    private readonly PodsSocket _pods;
    private readonly HttpMessageInvoker _client;

    public ProxyTransport(PodsSocket pods)
    {
        _pods = pods;
        _client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = ConnectAsync,
            PooledConnectionLifetime = TimeSpan.Zero,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
#pragma warning disable CA5359 // Pods have certificates of their own making; upstream's proxy does not check them either.
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
        });
    }

    /// <summary>Sends a request; returns once the head of the answer is there.</summary>
    /// <exception cref="StatusException">503: the target is not reached or does not speak HTTP.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, ProxyTarget target, CancellationToken cancellationToken)
    {
        request.Options.Set(TargetKey, target);
        try
        {
            return await _client.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            var refusal = e.InnerException as StatusException;
            throw new StatusException(503, "ServiceUnavailable", $"error trying to reach service: {refusal?.Message ?? e.InnerException?.Message ?? e.Message}");
        }
    }

    public void Dispose() => _client.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        if (!context.InitialRequestMessage.Options.TryGetValue(TargetKey, out var target))
        {
            throw new InvalidOperationException("a request without a target");
        }

        var connection = await _pods.ConnectAsync(cancellationToken);
        try
        {
            if (!target.IsKubelet)
            {
                await DialAsync(connection, target, cancellationToken);
            }

            return connection.Stream;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static async Task DialAsync(PodsConnection connection, ProxyTarget target, CancellationToken cancellationToken)
    {
        var location = $"/dial/{Uri.EscapeDataString(target.Node)}/{target.Address}/{target.Port}";
        var answer = await connection.RequestAsync(location, Upgrade, cancellationToken);
        if (answer.Code != 101)
        {
            throw new IOException(await connection.ReadTextAsync(answer, MostRefusalBytes, cancellationToken));
        }

        if (!connection.TakeRest().IsEmpty)
        {
            throw new IOException($"{target.Authority} spoke before it was asked: no HTTP");
        }
    }
}
