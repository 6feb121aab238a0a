using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Explain.Reach;

/// <summary>Who opens a connection: a pod, a node, or an address outside the cluster.</summary>
/// <param name="Text">How it is called.</param>
/// <param name="Pod">The pod; null when it is none.</param>
/// <param name="Node">The node, when it is one itself.</param>
/// <param name="Addresses">Its addresses, one per family at most.</param>
internal sealed record ReachSource(string Text, PodRow? Pod, NodeRow? Node, ValueArray<IpAddr> Addresses)
{
    /// <summary>The node it is on, or is; empty outside.</summary>
    public string NodeName => Pod?.NodeName ?? Node?.Name ?? "";

    /// <summary>It is none of the cluster's pods and nodes.</summary>
    public bool IsOutside => Pod is null && Node is null;

    /// <summary>A pod that policies can select.</summary>
    public bool IsSubject => Pod is { HostNetwork: false };

    /// <summary>Its address of a family; none when it has none.</summary>
    public IpAddr Of(IpFamily family) => Addresses.FirstOrDefault(address => address.Family == family);
}

/// <summary>A port asked for: a number, the name of a Service's or container's port, or nothing: every port there is.</summary>
/// <param name="Number">The number; 0 when there is none.</param>
/// <param name="Name">The name; empty when there is none.</param>
/// <param name="Protocol">The protocol; Any: whatever the port has, TCP when nobody says.</param>
internal readonly record struct PortAsked(ushort Number, string Name, IpProtocol Protocol)
{
    /// <summary>Every port.</summary>
    public bool IsAll => Number == 0 && Name.Length == 0;

    /// <summary>The protocol of a port that nobody declares.</summary>
    public IpProtocol ProtocolOrTcp => Protocol == IpProtocol.Any ? IpProtocol.Tcp : Protocol;

    /// <summary>Whether a port is one of those asked for.</summary>
    public bool Fits(string name, IpProtocol protocol, ushort number) =>
        (Protocol == IpProtocol.Any || Protocol == protocol) && (IsAll || (Number != 0 ? Number == number : Name == name));

    /// <summary><c>80</c>, <c>http</c>, <c>53/UDP</c>.</summary>
    public override string ToString() =>
        (Number != 0 ? $"{Number}" : Name) + (Protocol == IpProtocol.Any ? "" : $"/{Protocol.Text()}");
}

/// <summary>What the explainer is told beside the cluster's objects.</summary>
internal sealed record ReachSettings
{
    /// <summary>Every node answers the cluster's DNS itself, as with this product's agent.</summary>
    public bool NodesAnswerDns { get; init; } = true;

    /// <summary>Pods are reached from outside by Services and host ports alone.</summary>
    public bool PodsAreHidden { get; init; } = true;

    /// <summary>Addresses outside the cluster that nothing in it reaches: it was started without egress.</summary>
    public Func<IpAddr, bool> IsCutOff { get; init; } = _ => false;

    /// <summary>Ranges from which Services may take external addresses.</summary>
    public ValueArray<IpNet> ExternalIPRanges { get; init; }

    /// <summary>The cluster's zone in DNS.</summary>
    public string Zone { get; init; } = "cluster.local";

    /// <summary>The sockets that listen in a pod's network namespace; null: it cannot be told from here.</summary>
    public Func<PodRow, IReadOnlyList<ListeningSocket>?> ListenersOf { get; init; } = _ => null;

    /// <summary>The sockets that listen on a node itself; null: it cannot be told from here.</summary>
    public Func<NodeRow, IReadOnlyList<ListeningSocket>?> NodeListenersOf { get; init; } = _ => null;
}

/// <summary>A socket that takes what comes from anybody.</summary>
/// <param name="Protocol">TCP or UDP.</param>
/// <param name="Address">The address it is bound to; all zeros: every address.</param>
/// <param name="Port">Its port.</param>
internal sealed record ListeningSocket(IpProtocol Protocol, IpAddr Address, ushort Port)
{
    /// <summary>It takes what comes to an address. A socket bound to every IPv6 address takes IPv4 too, as Linux has it unless it is told otherwise.</summary>
    public bool Takes(IpProtocol protocol, IpAddr address, ushort port) => Protocol == protocol && Port == port
        && (Address == address || (Address.Value == 0 && (!Address.IsV4 || address.IsV4)));

    /// <summary><c>127.0.0.1:8080/TCP</c>.</summary>
    public override string ToString() => $"{(Address.IsV4 ? $"{Address}" : $"[{Address}]")}:{Port}/{Protocol.Text()}";
}
