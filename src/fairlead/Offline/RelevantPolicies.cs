using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Policy;
using Fairlead.Policy.Evaluate;

namespace Fairlead.Offline;

/// <summary>
/// Asks the evaluator with the policies that have a say and no others: it looks at each policy it is given, and of thousands few are about a pair.
/// One thread at a time.
/// </summary>
internal sealed class RelevantPolicies(PolicyWorld world)
{
    private static readonly PolicyRow[] None = [];

    private readonly ILookup<string, PolicyRow> _byNamespace = world.Policies.Values.ToLookup(policy => policy.Key.Namespace);
    private readonly Dictionary<ObjectKey, PolicyRow[]> _byPod = [];
    private readonly Dictionary<(ObjectKey From, ObjectKey To), PolicyWorld> _worlds = [];

    /// <summary>The NetworkPolicies that select the pod, for whichever direction.</summary>
    public IReadOnlyList<PolicyRow> Of(PodRow? pod)
    {
        if (pod is null)
        {
            return None;
        }

        if (!_byPod.TryGetValue(pod.Key, out var found))
        {
            _byPod[pod.Key] = found = [.. _byNamespace[pod.Key.Namespace].Where(policy => policy.Subjects.Matches(pod.Labels))];
        }

        return found;
    }

    /// <summary>The world with the NetworkPolicies of these two alone. What the evaluator says of a connection between them is the same.</summary>
    public PolicyWorld Between(PodRow? from, PodRow? to)
    {
        // Its index of addresses is made once, and shared by what is copied from it.
        _ = world.PodAt(default);
        var pair = (from?.Key ?? default, to?.Key ?? default);
        if (!_worlds.TryGetValue(pair, out var small))
        {
            _worlds[pair] = small = world with { Policies = Of(from).Concat(Of(to)).DistinctBy(policy => policy.Key).ToImmutableDictionary(policy => policy.Key) };
        }

        return small;
    }

    /// <summary>The verdict on a connection.</summary>
    public PolicyVerdict Evaluate(IpAddr from, IpAddr to, IpProtocol protocol, ushort port) =>
        PolicyEvaluator.Evaluate(Between(world.PodAt(from), world.PodAt(to)), from, to, protocol, port);
}
