using Fairlead.Cluster.Reflectors;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.OneMachine;

/// <summary>What `status` says of policies: which are not understood, and so are closed in part.</summary>
internal static class PolicyProblems
{
    /// <summary>A sentence for each policy that is not understood whole.</summary>
    public static async Task<IReadOnlyList<string>> ReadAsync(IKubeApi api, CancellationToken cancellationToken)
    {
        var own = await api.ListAsync(ResourceTypes.NetworkPolicies, "", ListOptions.All, cancellationToken);
        var cluster = await api.ListAsync(ResourceTypes.ClusterNetworkPolicies, "", ListOptions.All, cancellationToken);
        return
        [
            .. own.Objects("items").Select(ObjectRows.NetworkPolicy).Where(row => row.Faults.Count > 0)
                .Select(row => $"NetworkPolicy {row.Key} is not understood, and closed: {string.Join("; ", row.Faults)}"),
            .. cluster.Objects("items").Select(ObjectRows.ClusterNetworkPolicy).Where(row => row.Faults.Count > 0)
                .Select(row => $"ClusterNetworkPolicy {row.Name} is not understood, and closed: {string.Join("; ", row.Faults)}"),
        ];
    }
}
