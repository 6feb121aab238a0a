using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Policy.Compile;

/// <summary>
/// Rows to the plan of one node. Keeps what did not change: the verdicts of a pod whose row, addresses and policies are the same, and the groups, which
/// are updated by the pods that changed. What it keeps never changes the result.
/// </summary>
internal sealed class PolicyCompiler(string nodeName)
{
    private readonly PeerGroups _groups = new();
    private readonly Dictionary<ObjectKey, (PodRow Row, PodVerdicts Verdicts)> _verdicts = [];
    private ImmutableDictionary<ObjectKey, PolicyRow>? _policies;
    private ILookup<string, PolicyRow> _byNamespace = Enumerable.Empty<PolicyRow>().ToLookup(row => row.Key.Namespace);

    /// <summary>Compiles.</summary>
    /// <param name="world">The cluster.</param>
    /// <param name="attachments">What is plugged on this node.</param>
    /// <param name="changedPods">Pods that may differ from the last call's, attachments and the DNS peer included; null: anything may.</param>
    public PolicyPlan Compile(PolicyWorld world, ImmutableDictionary<string, AttachmentRow> attachments, IReadOnlyCollection<ObjectKey>? changedPods)
    {
        if (!ReferenceEquals(_policies, world.Policies))
        {
            _policies = world.Policies;
            _byNamespace = world.Policies.Values.OrderBy(row => row.Key).ToLookup(row => row.Key.Namespace);
            _verdicts.Clear();
        }

        var local = new LocalPods(attachments);
        _groups.Update(world, local, changedPods);
        var pods = ImmutableSortedDictionary.CreateBuilder<ObjectKey, PodVerdicts>();
        foreach (var key in local.Keys)
        {
            if (world.Pods.TryGetValue(key, out var pod) && local.Attached(pod) is { Count: > 0 } addresses)
            {
                pods[key] = Verdicts(pod, addresses);
            }
        }

        foreach (var gone in _verdicts.Keys.Where(key => !pods.ContainsKey(key)).ToList())
        {
            _verdicts.Remove(gone);
        }

        var node = world.Nodes.GetValueOrDefault(nodeName);
        return new PolicyPlan(node?.PodCIDRs ?? default, node?.InternalIPs ?? default, pods.ToImmutable(), Groups(world, local, pods.Values));
    }

    private PodVerdicts Verdicts(PodRow pod, ValueArray<IpAddr> addresses)
    {
        if (_verdicts.TryGetValue(pod.Key, out var kept) && ReferenceEquals(kept.Row, pod) && kept.Verdicts.IPs == addresses)
        {
            return kept.Verdicts;
        }

        var verdicts = ClauseCompiler.Compile(pod, addresses, _byNamespace[pod.Key.Namespace]);
        _verdicts[pod.Key] = (pod, verdicts);
        return verdicts;
    }

    private ImmutableDictionary<GroupKey, PeerGroup> Groups(PolicyWorld world, LocalPods local, IEnumerable<PodVerdicts> pods)
    {
        var keys = pods.SelectMany(pod => new[] { pod.Ingress, pod.Egress }).OfType<PolicyProgram>().Distinct()
            .SelectMany(program => program.Clauses).Select(clause => clause.Group).OfType<GroupKey>().ToHashSet();
        _groups.Retain(keys);
        return keys.ToImmutableDictionary(key => key, key => _groups.Get(key, world, local));
    }
}
