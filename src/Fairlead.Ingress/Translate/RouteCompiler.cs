using Fairlead.Cluster;
using Fairlead.State;

namespace Fairlead.Ingress.Translate;

/// <summary>
/// Keeps routes, certificates by host and the table of served Ingresses equal to the cluster's Ingresses, classes, Services, EndpointSlices and nodes.
/// A change costs its own hosts and backends, however many others there are. Nothing is written before all of those tables are initialized.
/// </summary>
/// <param name="options">What the role is told.</param>
/// <param name="cluster">The cluster.</param>
/// <param name="tables">Where routes, certificates and served Ingresses are written.</param>
public sealed class RouteCompiler(IngressOptions options, ClusterTables cluster, IngressTables tables)
{
    /// <summary>Runs until cancelled. What is written then stays. One run at a time, and one for a compiler's tables.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var wake = new Wake();
        using var pass = Open(wake);
        wake.Ring();
        while (true)
        {
            await wake.WaitAsync(cancellationToken);
            pass.Run();
        }
    }

    /// <summary>Begins to follow the tables.</summary>
    /// <param name="wake">Rung when a pass has something to do.</param>
    internal RoutePass Open(Wake wake) => new(options, cluster, tables, wake);
}
