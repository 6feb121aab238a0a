using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Fairlead.Pods.Lifecycle;
using Fairlead.Pods.Sandbox;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fairlead.Pods.Streaming;

/// <summary>
/// A TCP connection out of a node, handed through byte for byte after <c>Upgrade: tcp</c>: what the API server needs for its <c>proxy</c> subresources,
/// since it is in no node's network itself. Who may ask for it is the API server's to say.
/// </summary>
internal sealed class DialStream(PodsContext context)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    internal async Task ServeAsync(HttpContext http, string node, string address, string port, CancellationToken cancellationToken)
    {
        var from = context.Options.Nodes.FirstOrDefault(item => item.Name == node) ?? throw new StreamRefusal(404, $"node \"{node}\" is not run here");
        if (!IPAddress.TryParse(address, out var ip) || !int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is 0 or > 65535)
        {
            throw new StreamRefusal(400, $"no address and port: {address} {port}");
        }

        if (http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade)
        {
            throw new StreamRefusal(400, "Upgrade request required");
        }

        using var socket = await ConnectAsync(from, ip, number, cancellationToken);
        http.Response.Headers.Upgrade = "tcp";
        await using var client = await upgrade.UpgradeAsync();
        await using var server = new NetworkStream(socket);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var both = new[] { CopyAsync(server, client, end.Token), CopyAsync(client, server, end.Token) };
        await Task.WhenAny(both);
        await end.CancelAsync();
        await Task.WhenAll(both);
    }

    private async Task<Socket> ConnectAsync(PodsNode node, IPAddress address, int port, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            return await NetnsSocket.ConnectAsync(node.NetworkNamespace, address, port, either.Token);
        }
        catch (SocketException e)
        {
            throw new StreamRefusal(502, $"dial tcp {new IPEndPoint(address, port)}: connect: {e.Message}");
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            throw new StreamRefusal(504, $"dial tcp {new IPEndPoint(address, port)}: i/o timeout");
        }
    }

    private static async Task CopyAsync(Stream from, Stream to, CancellationToken cancellationToken)
    {
        try
        {
            await from.CopyToAsync(to, cancellationToken);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // One side hung up; the other is told by closing it.
            return;
        }
    }
}
