using System.Net;
using System.Net.Sockets;
using Fairlead.Linux.Namespaces;
using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>Tries, once the API server listens, whether a node gets through to it, and tells what else a firewall of this host may drop.</summary>
internal sealed class FirewallCheck(ClusterSpec spec, HostFirewall firewall)
{
    // A SYN that got lost is sent again after one second, and then after two.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <exception cref="UserError">The first node cannot connect, as its agent would try in vain.</exception>
    public async Task RunAsync(ISteps steps, CancellationToken cancellationToken)
    {
        if (spec.Egress && firewall.OfForwarding() is { Length: > 0 } warning)
        {
            steps.Warn(warning);
        }

        var server = new IPEndPoint(spec.V4.Host.ToIPAddress(), spec.ApiPort);
        using var node = NetNamespace.OpenNamed(spec.NodeNamespace(1));
        using var socket = node.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await socket.ConnectAsync(server, both.Token);
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            var (why, hint) = firewall.OfConnections();
            throw new UserError($"node {spec.NodeName(1)} cannot connect to the API server at {server}{why}", hint);
        }
    }
}
