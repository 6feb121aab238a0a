using System.Text.Json.Serialization;

namespace Fairlead.Policy.Drops;

/// <summary>Why a packet was dropped, in one word.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DropReason>))]
public enum DropReason
{
    /// <summary>A rule of a ClusterNetworkPolicy denies it.</summary>
    Denied,

    /// <summary>NetworkPolicies isolate the pod, and none of their rules allows it.</summary>
    Isolated,

    /// <summary>An address of the node's pod range that no pod is known to have.</summary>
    NoSuchPod,

    /// <summary>TCP in the middle of a connection that was cut, or that the kernel never knew.</summary>
    Midway,

    /// <summary>What decided is no longer known: the generation is not among the last 16 of this run of the agent.</summary>
    Forgotten,

    /// <summary>The policies of that moment, as they are known, allow it: the kernel was between two commits, or the cluster is not listed yet.</summary>
    Unexplained,
}

/// <summary>One end of a dropped packet.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port; 0 where the protocol has none.</param>
/// <param name="Namespace">Namespace of the pod that has the address; null when none has.</param>
/// <param name="Pod">The pod's name; null when none has the address.</param>
/// <param name="Node">The node that has the address as its own; null when none has.</param>
public sealed record DropEnd(string Address, ushort Port, string? Namespace, string? Pod, string? Node)
{
    /// <summary><c>shop/api:8080</c>, <c>192.0.2.7:443</c>, <c>[fd00::1]:443</c>; without a port where there is none.</summary>
    public override string ToString() => $"{Who}{(Port == 0 ? "" : $":{Port}")}";

    /// <summary>Pod, node or address, without the port.</summary>
    [JsonIgnore]
    public string Who => Pod is not null ? $"{Namespace}/{Pod}"
        : Node is not null ? $"node/{Node}"
        : Port != 0 && Address.Contains(':', StringComparison.Ordinal) ? $"[{Address}]"
        : Address;
}

/// <summary>A policy by name.</summary>
/// <param name="Kind">NetworkPolicy or ClusterNetworkPolicy.</param>
/// <param name="Namespace">Its namespace; empty for a ClusterNetworkPolicy.</param>
/// <param name="Name">metadata.name.</param>
public sealed record DropPolicy(string Kind, string Namespace, string Name)
{
    /// <summary><c>NetworkPolicy shop/api</c>.</summary>
    public override string ToString() => $"{Kind} {(Namespace.Length == 0 ? "" : Namespace + "/")}{Name}";
}

/// <summary>One packet that policy dropped, and those like it that followed at once.</summary>
public sealed record DropRecord
{
    /// <summary>Place among all records of one run of the agent, from 1.</summary>
    public long Id { get; init; }

    /// <summary>When the agent heard of the first.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>When it heard of the last.</summary>
    public DateTimeOffset Last { get; init; }

    /// <summary>How many there were of the same connection within 10 s of each other, at most a minute long: a client sends its SYN again and again.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Where it was dropped.</summary>
    public required string Node { get; init; }

    /// <summary><c>out</c>: at the sender's side; <c>in</c>: at the receiver's.</summary>
    public required string Direction { get; init; }

    /// <summary>Who sent it.</summary>
    public required DropEnd From { get; init; }

    /// <summary>Whom it was for, after every translation.</summary>
    public required DropEnd To { get; init; }

    /// <summary>TCP, UDP, SCTP, ICMP, ICMPv6 or a protocol number.</summary>
    public required string Protocol { get; init; }

    /// <summary>Type of an ICMP or ICMPv6 message; null for others.</summary>
    public int? IcmpType { get; init; }

    /// <summary>What the client had asked for, when it was not the pod's own address: <c>svc/shop/api:80</c>, or address and port; null otherwise.</summary>
    public string? Via { get; init; }

    /// <summary>Why.</summary>
    public required DropReason Reason { get; init; }

    /// <summary>Admin, NetworkPolicy or Baseline; null when no policy decided.</summary>
    public string? Tier { get; init; }

    /// <summary>The policy whose rule denies it, or those that isolate the pod.</summary>
    public IReadOnlyList<DropPolicy> Policies { get; init; } = [];

    /// <summary>The rule that denies it: <c>spec.ingress[0].from[1]</c>; null when none does.</summary>
    public string? Rule { get; init; }

    /// <summary>All of the reason in words.</summary>
    public required string Words { get; init; }

    /// <summary>The end whose policies refused.</summary>
    [JsonIgnore]
    public DropEnd Subject => Direction == "in" ? To : From;

    /// <summary>The other end.</summary>
    [JsonIgnore]
    public DropEnd Peer => Direction == "in" ? From : To;
}
