using Fairlead.Linux.Addresses;
using Fairlead.Linux.Conntrack;
using Fairlead.Policy.Compile;

namespace Fairlead.Policy;

/// <summary>Which tracked flows end when one plan replaces another.</summary>
internal static class FlowCut
{
    /// <summary>
    /// Something may be allowed no longer: a pod's program changed, a group lost a member or, where Deny or Pass is about it, gained one, or an address
    /// has a new pod. The first plan after a start (<paramref name="before"/> null) may differ in anything from what the last run left.
    /// </summary>
    public static bool MayTighten(PolicyPlan? before, PolicyPlan now) => before is null
        || (!ReferenceEquals(before.Local, now.Local)
            && now.Pods.Values.Any(pod => !before.Pods.TryGetValue(pod.Pod, out var old) || old != pod))
        || now.Groups.Values.Any(group => before.Groups.TryGetValue(group.Key, out var old)
            && !ReferenceEquals(old, group) && MayTighten(old, group, now.Local.Restricting.Contains(group.Key)));

    private static bool MayTighten(PeerGroup before, PeerGroup now, bool restricts) => now.Delta is { } delta && ReferenceEquals(delta.Since, before.Version)
        ? delta.Removed.Length > 0 || (restricts && delta.Added.Length > 0)
        : !before.Members.Keys.All(now.Members.ContainsKey) || (restricts && before.Members.Count != now.Members.Count);

    /// <summary>Whether <paramref name="flow"/> ends: a pod of this node refuses it now, or it is left from an earlier holder of a pod's address.</summary>
    public static bool Ends(ConntrackFlow flow, PolicyPlan? before, PolicyPlan now)
    {
        var (from, to) = (flow.Original.Source, flow.Reply.Source);
        if (before is not null && (IsNew(from, before, now) || IsNew(to, before, now)))
        {
            return true;
        }

        // The ports of an ICMP flow are its identifier and type: no rule names those.
        var port = flow.Protocol is IpProtocol.Icmp or IpProtocol.IcmpV6 ? (ushort)0 : flow.Reply.SourcePort;
        return now.Refuses(from, to, flow.Protocol, port);
    }

    private static bool IsNew(IpAddr address, PolicyPlan before, PolicyPlan now) =>
        now.ByAddress.TryGetValue(address, out var pod) && before.ByAddress.GetValueOrDefault(address)?.Pod != pod.Pod;
}
