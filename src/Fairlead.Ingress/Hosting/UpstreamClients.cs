using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Fairlead.Ingress.Hosting;

/// <summary>
/// The connections to endpoints: pools for each connect timeout, made when first needed. Nothing is followed, unpacked, remembered
/// or added: what passes is the client's and the endpoint's own.
/// </summary>
internal sealed class UpstreamClients(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<TimeSpan, HttpMessageInvoker> _clients = new();

    /// <summary>The client whose connections may take so long to be made.</summary>
    public HttpMessageInvoker For(TimeSpan connect) => _clients.GetOrAdd(connect, Create);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }
    }

    private HttpMessageInvoker Create(TimeSpan connect) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        ActivityHeadersPropagator = null,

        // What bytes beyond ASCII in fields mean is between client and endpoint: they pass as they are.
        RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = (_, _) => Encoding.Latin1,
        EnableMultipleHttp2Connections = true,
        PooledConnectionIdleTimeout = Idle,
        ConnectTimeout = Timeout.InfiniteTimeSpan,
        ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, connect, cancellationToken),

        // Endpoints have certificates of their own making for addresses that come and go: nothing could be checked (as ingress-nginx's proxy_ssl_verify off).
#pragma warning disable CA5359
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
    });

    private async ValueTask<Stream> ConnectAsync(System.Net.DnsEndPoint endpoint, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        var address = System.Net.IPAddress.Parse(endpoint.Host);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, endpoint.Port, both.Token);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && patience.IsCancellationRequested))
        {
            socket.Dispose();
            throw new EndpointUnreachableException(e is SocketException ? e.Message : $"no connection within {limit.TotalSeconds:0.###} s", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
