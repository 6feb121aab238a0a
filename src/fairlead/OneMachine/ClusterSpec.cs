using System.Text.Json.Serialization;
using Fairlead.Linux.Addresses;

namespace Fairlead.OneMachine;

/// <summary>The address families of a one-machine cluster.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<IpFamilyMode>))]
internal enum IpFamilyMode
{
    /// <summary>IPv4 alone.</summary>
    Ipv4,

    /// <summary>IPv4 first, IPv6 beside it.</summary>
    Dual,
}

/// <summary>The addresses one family gives a cluster. IPv6 follows the same shape as IPv4.</summary>
internal sealed record FamilyRanges
{
    /// <summary>The network of host, nodes and load-balancer addresses.</summary>
    public required IpNet Fabric { get; init; }

    /// <summary>Every pod address; each node has a part of it.</summary>
    public required IpNet Pods { get; init; }

    /// <summary>Every Service address.</summary>
    public required IpNet Services { get; init; }

    /// <summary>The host's own address on the fabric: the first.</summary>
    public IpAddr Host => Fabric.At(1);

    /// <summary>The address of node <paramref name="number"/>, counted from 1: from the eleventh on.</summary>
    public IpAddr Node(int number) => Fabric.At((UInt128)(10 + number));

    /// <summary>The first Service address: Service <c>kubernetes</c>.</summary>
    public IpAddr ApiService => Services.At(1);

    /// <summary>The tenth Service address: Service <c>kube-dns</c>.</summary>
    public IpAddr DnsService => Services.At(10);

    /// <summary>First and last address that a LoadBalancer Service may get: the last /24 of the fabric (IPv6: …:255:1 to …:255:fe), 254 of them.</summary>
    public (IpAddr First, IpAddr Last) LoadBalancers
    {
        get
        {
            var start = Fabric.Address.IsV4 ? (UInt128)0xFF00 : (UInt128)0x255_0000;
            return (Fabric.At(start + 1), Fabric.At(start + 254));
        }
    }
}

/// <summary>What a one-machine cluster is: its name, its size, its addresses. Written once by the first <c>up</c> and kept with the state.</summary>
internal sealed record ClusterSpec
{
    /// <summary>The name; <c>fairlead</c> unless said otherwise. A DNS label of at most 20 characters.</summary>
    public required string Name { get; init; }

    /// <summary>Number of nodes, 1 to 64.</summary>
    public required int Nodes { get; init; }

    /// <summary>The address families.</summary>
    public required IpFamilyMode Families { get; init; }

    /// <summary>IPv4 ranges.</summary>
    public required FamilyRanges V4 { get; init; }

    /// <summary>IPv6 ranges; null without IPv6.</summary>
    public required FamilyRanges? V6 { get; init; }

    /// <summary>TCP port of the API server, on loopback and on the fabric's host address.</summary>
    public required int ApiPort { get; init; }

    /// <summary>Pods reach the outside through the host.</summary>
    public required bool Egress { get; init; }

    /// <summary>Ingresses are not served; they are where a specification was written before there was the choice.</summary>
    public bool WithoutIngress { get; init; }

    /// <summary>Ranges from which Services may take external addresses; none as a rule, and none in a specification written before there were any.</summary>
    public IReadOnlyList<IpNet> ExternalIPRanges { get => field ?? []; init; }

    /// <summary>Services that take external addresses are refused; not so in a specification written before there was the choice.</summary>
    public bool DenyExternalIPs { get; init; }

    /// <summary>The ranges, IPv4 first.</summary>
    [JsonIgnore]
    public IReadOnlyList<FamilyRanges> Ranges => V6 is null ? [V4] : [V4, V6];

    /// <summary>The kubeconfig context: <c>fairlead</c>, or <c>fairlead-NAME</c>.</summary>
    [JsonIgnore]
    public string Context => Name == DefaultName ? DefaultName : $"{DefaultName}-{Name}";

    /// <summary>The network namespace of the nodes' bridge.</summary>
    [JsonIgnore]
    public string FabricNamespace => $"fairlead-{Name}-fabric";

    /// <summary>The name of a cluster that was given none.</summary>
    public const string DefaultName = "fairlead";

    /// <summary>The name of node <paramref name="number"/>, counted from 1.</summary>
    public string NodeName(int number) => $"{Name}-{number}";

    /// <summary>The network namespace of node <paramref name="number"/>, counted from 1.</summary>
    public string NodeNamespace(int number) => $"fairlead-{Name}-node-{number}";

    /// <summary>The zone of node <paramref name="number"/>: each node has its own.</summary>
    public static string Zone(int number) => $"zone-{number}";
}
