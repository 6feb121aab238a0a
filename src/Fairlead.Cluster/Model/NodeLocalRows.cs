using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cluster.Model;

/// <summary>One interface the CNI plugin made in a pod of this node.</summary>
public sealed record AttachmentRow
{
    /// <summary>CNI_CONTAINERID: the sandbox.</summary>
    public required string ContainerId { get; init; }

    /// <summary>CNI_IFNAME: the interface's name within the pod.</summary>
    public required string IfName { get; init; }

    /// <summary>The pod (K8S_POD_NAMESPACE, K8S_POD_NAME of CNI_ARGS).</summary>
    public required ObjectKey Pod { get; init; }

    /// <summary>The pod's uid (K8S_POD_UID of CNI_ARGS); empty when the runtime did not say.</summary>
    public string PodUid { get; init; } = "";

    /// <summary>The pod's addresses, at most one per family.</summary>
    public ValueArray<IpAddr> IPs { get; init; }

    /// <summary>The node's end of the veth pair.</summary>
    public required string HostInterface { get; init; }

    /// <summary>Path of the pod's network namespace (CNI_NETNS).</summary>
    public string NetnsPath { get; init; } = "";

    /// <summary>The key in <see cref="NodeTables.Attachments"/>: <c>containerID/ifname</c>.</summary>
    public string Key => $"{ContainerId}/{IfName}";
}

/// <summary>
/// A pod of this node whose policies are in force for <see cref="IPs"/>: its verdicts, or the absence of any policy, are in the kernel.
/// </summary>
public sealed record EnforcedRow(ObjectKey Pod, ValueArray<IpAddr> IPs);
