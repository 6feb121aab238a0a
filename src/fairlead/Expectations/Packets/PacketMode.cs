using Fairlead.Kube.Client;
using Fairlead.Linux.Addresses;
using Fairlead.Live;
using Fairlead.Offline;
using Fairlead.OneMachine;
using Fairlead.Terminal;

namespace Fairlead.Expectations.Packets;

/// <summary>Mode <c>packets</c>: a cluster for the run, stand-ins for the pods of manifests, real packets.</summary>
internal static class PacketMode
{
    /// <summary>Tries the expectations.</summary>
    /// <exception cref="UserError">The cluster does not start, or does not take an object.</exception>
    public static async Task<ModeResult> RunAsync(
        IReadOnlyList<Expectation> cases, ClusterView planned, ISteps steps, Output output, CancellationToken cancellationToken)
    {
        await using var cluster = await PacketCluster.StartAsync(planned.Families.Count > 1, steps, output, cancellationToken);
        try
        {
            await PacketObjects.CreateAsync(cluster.Api, planned, cancellationToken);
            var view = await Vantages.ReadAsync(cluster.Api, planned, cluster.Spec, cancellationToken);
            var others = Others(cases, view, cluster.Spec).ToList();
            cluster.AddOutside(others);
            return await PacketRun.RunAsync(TestMode.Packets, cases, view, Vantages.Sender(view, cluster.Spec, cluster.Outside, others), cancellationToken);
        }
        catch (Exception e) when (e is KubeException or HttpRequestException)
        {
            throw new UserError($"the cluster for this run does not answer: {e.Message}");
        }
    }

    /// <summary>Addresses that expectations name and nobody has: they are put outside.</summary>
    private static IEnumerable<IpAddr> Others(IReadOnlyList<Expectation> cases, ClusterView view, ClusterSpec spec)
    {
        var resolver = new ConnectionResolver(view);
        return cases.SelectMany(one => resolver.Resolve(one).Connections).SelectMany(one => new[] { one.Source, one.Target }).Distinct()
            .Where(address => !view.Outside.Contains(address) && !address.IsSpecial
                && !spec.Ranges.Any(ranges => ranges.Pods.Contains(address) || ranges.Services.Contains(address) || ranges.Fabric.Contains(address)));
    }
}
