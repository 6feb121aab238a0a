using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Policy.Compile;

/// <summary>
/// The addresses this node has given to its pods. They are known here before the API server says so; an attachment counts only for the pod it was made
/// for, not for a later one of the same name.
/// </summary>
internal sealed class LocalPods
{
    private readonly ILookup<ObjectKey, AttachmentRow> _byPod;

    public LocalPods(ImmutableDictionary<string, AttachmentRow> attachments) => _byPod = attachments.Values.ToLookup(row => row.Pod);

    public IEnumerable<ObjectKey> Keys => _byPod.Select(group => group.Key);

    /// <summary>Addresses plugged on this node for exactly this pod; none for pods that hold none in the pod network.</summary>
    public ValueArray<IpAddr> Attached(PodRow pod) => pod.HostNetwork || pod.Finished
        ? default
        : _byPod[pod.Key].Where(row => row.PodUid.Length == 0 || pod.Uid.Length == 0 || row.PodUid == pod.Uid)
            .SelectMany(row => row.IPs).Distinct().Order().ToValueArray();

    /// <summary>The world with the addresses of this node's pods that the API server does not say yet: a pod's first packets come before that.</summary>
    public PolicyWorld In(PolicyWorld world)
    {
        var pods = world.Pods;
        foreach (var key in Keys)
        {
            if (pods.TryGetValue(key, out var pod) && !Attached(pod).All(pod.NetworkIPs.Contains))
            {
                pods = pods.SetItem(key, pod with { IPs = AddressesOf(pod).ToValueArray() });
            }
        }

        return ReferenceEquals(pods, world.Pods) ? world : world with { Pods = pods };
    }

    /// <summary>Every address of the pod: as the API server says, and as plugged here.</summary>
    public IEnumerable<IpAddr> AddressesOf(PodRow pod) => pod.NetworkIPs.Concat(Attached(pod)).Distinct();
}
