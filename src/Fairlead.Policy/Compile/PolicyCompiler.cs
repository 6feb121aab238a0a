using System.Collections.Immutable;
using Fairlead.Cluster.Model;

namespace Fairlead.Policy.Compile;

/// <summary>
/// Rows to the plan of one node. Keeps what did not change: the verdicts of pods whose row, addresses and policies are the same, and the members of groups
/// that no change concerns. What it keeps never changes the result.
/// </summary>
internal sealed class PolicyCompiler(string nodeName)
{
    private readonly PeerGroups _groups = new();
    private readonly ByNamespace<PolicyRow> _policies = new();
    private ImmutableArray<ClusterPolicyRow> _admin = [];
    private ImmutableArray<ClusterPolicyRow> _baseline = [];
    private NodeWorld _last = NodeWorld.Empty;
    private LocalVerdicts _local = LocalVerdicts.None;

    /// <summary>Compiles.</summary>
    /// <param name="world">The cluster.</param>
    /// <param name="attachments">What is plugged on this node.</param>
    /// <param name="changedPods">Pods whose rows may differ from the last call's; null: any may.</param>
    public PolicyPlan Compile(PolicyWorld world, ImmutableDictionary<string, AttachmentRow> attachments, IReadOnlyCollection<ObjectKey>? changedPods)
    {
        var now = new NodeWorld(world, attachments);
        var changes = WorldChanges.Between(_last, now, changedPods);
        UpdatePolicies(world, changes);
        if (changes.ClusterPolicies)
        {
            (_admin, _baseline) = ([.. world.ClusterPoliciesOf(PolicyTier.Admin)], [.. world.ClusterPoliciesOf(PolicyTier.Baseline)]);
        }

        _last = now;
        _local = Verdicts(now, changes);
        var node = world.Nodes.GetValueOrDefault(nodeName);
        return new PolicyPlan(node?.PodCIDRs ?? default, node?.InternalIPs ?? default, _local, _groups.Update(now, changes, _local.Groups));
    }

    /// <summary>
    /// A policy that goes while its namespace is being deleted stays for the pods that are still there, until the namespace is gone: what deletes the
    /// namespace's content need not take the pods first (CVE-2024-7598).
    /// </summary>
    private void UpdatePolicies(PolicyWorld world, WorldChanges changes)
    {
        foreach (var key in changes.Policies)
        {
            var row = world.Policies.GetValueOrDefault(key);
            if (row is not null || !IsEnding(key.Namespace))
            {
                _policies.Set(key, row);
            }
        }

        foreach (var space in changes.Namespaces.Keys.Where(space => !IsEnding(space)))
        {
            foreach (var key in _policies.Of(space).Keys.Where(key => !world.Policies.ContainsKey(key)).ToList())
            {
                _policies.Set(key, null);
            }
        }

        bool IsEnding(string space) => world.Namespaces.GetValueOrDefault(space)?.Terminating == true;
    }

    private LocalVerdicts Verdicts(NodeWorld now, WorldChanges changes)
    {
        var local = new LocalPods(now.Attachments);
        var stale = changes.Policies.Select(policy => policy.Namespace).Concat(changes.Namespaces.Keys).ToHashSet();

        var pods = _local.Pods.ToBuilder();
        foreach (var key in local.Keys.Concat(changes.Pods).Distinct())
        {
            if (!now.World.Pods.TryGetValue(key, out var pod) || local.Attached(pod) is not { Count: > 0 } addresses)
            {
                pods.Remove(key);
            }
            else if (changes.ClusterPolicies || changes.Pods.Contains(key) || stale.Contains(key.Namespace))
            {
                var verdicts = ClauseCompiler.Compile(pod, addresses, About(pod, now.World));
                if (pods.GetValueOrDefault(key) != verdicts)
                {
                    pods[key] = verdicts;
                }
            }
        }

        var compiled = pods.ToImmutable();
        return ReferenceEquals(compiled, _local.Pods) ? _local : new LocalVerdicts(compiled);
    }

    private PodPolicies About(PodRow pod, PolicyWorld world) => new(
        _admin.Where(policy => world.Selects(policy, pod)),
        [.. _policies.Of(pod.Key.Namespace).Values.Where(policy => policy.Subjects.Matches(pod.Labels))],
        _baseline.Where(policy => world.Selects(policy, pod)));
}
