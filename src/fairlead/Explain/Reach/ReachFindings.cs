using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Policy.Findings;

namespace Fairlead.Explain.Reach;

/// <summary>The mistakes of the objects on the way: the Services that are tried, and the policies of both ends.</summary>
internal static class ReachFindings
{
    private const string ServiceObject = "Service ";

    /// <summary>Those that explain a failure, or are surely mistakes; of what is open, mere hints are left out.</summary>
    /// <param name="tables">The cluster.</param>
    /// <param name="sources">Who opens the connections.</param>
    /// <param name="all">What was explained.</param>
    public static IReadOnlyList<Finding> Of(ClusterTables tables, IEnumerable<ReachSource> sources, IReadOnlyList<ReachExplanation> all)
    {
        var world = FindingWorld.Of(tables);
        var ends = all.SelectMany(one => one.Endpoints).Select(endpoint => endpoint.Pod).ToHashSet();
        var pods = sources.Select(source => source.Pod).OfType<PodRow>().Concat(tables.Pods.Snapshot().Values.Where(pod => ends.Contains($"{pod.Key}"))).DistinctBy(pod => pod.Key).ToList();
        var services = all.SelectMany(one => one.Steps).Select(step => step.Object).Where(name => name.StartsWith(ServiceObject, StringComparison.Ordinal)).Select(name => name[ServiceObject.Length..]).ToHashSet();
        var isOpen = all.All(one => one.Verdict == ReachVerdict.Reachable);
        return
        [
            .. tables.Services.Snapshot().Values.Where(service => services.Contains($"{service.Key}")).OrderBy(service => service.Key).SelectMany(service => Lint.Of(world, service))
                .Concat(tables.Policies.Snapshot().Values.Where(policy => pods.Exists(pod => pod.Key.Namespace == policy.Key.Namespace && policy.Subjects.Matches(pod.Labels)))
                    .OrderBy(policy => policy.Key).SelectMany(policy => Lint.Of(world, policy)))
                .Concat(tables.ClusterPolicies.Snapshot().Values.Where(policy => pods.Exists(pod => world.World.Selects(policy, pod))).OrderBy(policy => policy.Name, StringComparer.Ordinal)
                    .SelectMany(policy => Lint.Of(world, policy)))
                .Where(finding => !isOpen || finding.Severity == FindingSeverity.Warning),
        ];
    }
}
