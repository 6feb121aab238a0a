using Fairlead.Cluster;
using Fairlead.Cluster.Reflectors;
using Fairlead.Kube.Client;
using Fairlead.Linux.Route;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.OneMachine;

/// <summary>The host's routes to the nodes' pods.</summary>
internal static class HostRoutes
{
    /// <summary>Keeps them as the Node objects say, until cancelled.</summary>
    /// <param name="api">Where the Node objects are.</param>
    /// <param name="tables">The tables to read them into.</param>
    /// <param name="log">Gets what happens.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task KeepAsync(IKubeApi api, ClusterTables tables, ILogger log, CancellationToken cancellationToken)
    {
        var reading = new ClusterReflectors(api, tables, TimeProvider.System, log).RunNodesAsync(cancellationToken);
        using var host = RouteSocket.Open();
        var wake = new Wake();
        using var feed = tables.Nodes.Subscribe();
        feed.Signalled += wake.Ring;
        while (!cancellationToken.IsCancellationRequested)
        {
            foreach (var change in feed.Take().Changes)
            {
                if (change.New is { } node)
                {
                    Fabric.RoutePods(host, node.PodCIDRs.SelectMany(pods => node.InternalIPs.Where(ip => ip.IsV4 == pods.Address.IsV4).Select(ip => (pods, ip))));
                }
            }

            await wake.WaitAsync(cancellationToken);
        }

        await reading;
    }
}
