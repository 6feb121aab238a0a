using System.Net.WebSockets;
using Fairlead.Pods.Lifecycle;
using Fairlead.Pods.Streaming.PortForward;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fairlead.Pods.Streaming;

/// <summary>
/// Answers <c>kubectl port-forward</c>: SPDY/3.1 in a WebSocket (KEP-4006, what kubectl speaks from 1.31 on) or by itself (1.30 and older), or the channels of a
/// WebSocket.
/// </summary>
internal sealed class PortForwardStream(PodWorker pod)
{
    private const string Spdy = "SPDY/3.1";
    private const string Tunnel = "SPDY/3.1+portforward.k8s.io";

    internal async Task ServeAsync(HttpContext http, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, pod.Stopping);
        await (http.WebSockets.IsWebSocketRequest ? ServeWebSocketAsync(http, end.Token) : ServeSpdyAsync(http, end.Token));
    }

    private async Task ServeWebSocketAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var offered = http.WebSockets.WebSocketRequestedProtocols;
        if (offered.Contains(Tunnel))
        {
            // Its slash is not in the alphabet of subprotocols (RFC 6455 §4.1), so the library would not send it for us.
            http.Response.Headers.SecWebSocketProtocol = Tunnel;
            using var socket = await http.WebSockets.AcceptWebSocketAsync();
            await using var transport = WebSocketStream.Create(socket, WebSocketMessageType.Binary);
            await new SpdyForwarder(pod).RunAsync(transport, cancellationToken);
            return;
        }

        if (!offered.Contains(ChannelProtocol.Version4))
        {
            throw new StreamRefusal(
                400, $"the WebSocket subprotocol must be {Tunnel} or {ChannelProtocol.Version4}, and the client offers {(offered.Count == 0 ? "none" : string.Join(", ", offered))}");
        }

        var ports = Ports(http.Request.Query);
        using var channels = await http.WebSockets.AcceptWebSocketAsync(ChannelProtocol.Version4);
        using var forwarder = new ChannelForwarder(pod, channels, ports, pod.Context.Time);
        await forwarder.RunAsync(cancellationToken);
    }

    private async Task ServeSpdyAsync(HttpContext http, CancellationToken cancellationToken)
    {
        if (http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade
            || !string.Equals(http.Request.Headers.Upgrade, Spdy, StringComparison.OrdinalIgnoreCase))
        {
            throw new StreamRefusal(400, $"port-forward is served over {Spdy} or a WebSocket");
        }

        http.Response.Headers.Upgrade = Spdy;
        http.Response.Headers["X-Stream-Protocol-Version"] = SpdyForwarder.Protocol;
        await using var transport = await upgrade.UpgradeAsync();
        await new SpdyForwarder(pod).RunAsync(transport, cancellationToken);
    }

    private static List<int> Ports(IQueryCollection query)
    {
        var ports = query["ports"].SelectMany(text => (text ?? "").Split(',')).Take(ChannelForwarder.MostPorts + 1)
            .Select(text => ForwardedPort.Parse(text) ?? throw new StreamRefusal(400, $"\"{text}\" is not a port, 1 to 65535")).ToList();
        return ports.Count is > 0 and <= ChannelForwarder.MostPorts ? ports : throw new StreamRefusal(400, $"1 to {ChannelForwarder.MostPorts} ports are needed, as ?ports=80");
    }
}
