using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Kubernetes;

/// <summary>An address under a Service's name: <c>label.service.namespace.svc.zone</c>.</summary>
/// <param name="Label">The label, or the labels, with their length bytes and no root; empty: the address is the Service's own.</param>
/// <param name="Address">The address.</param>
internal readonly record struct NamedAddress(byte[] Label, IpAddr Address);

/// <summary>What one SRV record points to. Label as in <see cref="NamedAddress"/>; empty: the Service's own name.</summary>
internal readonly record struct SrvTarget(ushort Port, byte[] Label);

/// <summary>A set of SRV records, which share a weight.</summary>
/// <param name="Key"><c>_port._proto</c> in wire form without the root; empty for those of the Service's own name.</param>
/// <param name="Targets">What they point to, ordered by label.</param>
/// <param name="Weight">100 parted among the addresses behind them, at least 1 (as CoreDNS does).</param>
internal sealed record SrvGroup(byte[] Key, SrvTarget[] Targets, ushort Weight);

/// <summary>A headless Service as far as its endpoints stand in one topology zone.</summary>
/// <param name="Zone">The zone's name as labels: wire form, lower case, without the root.</param>
/// <param name="Names">What the Service would be with those endpoints alone.</param>
internal sealed record ZonalNames(byte[] Zone, ServiceNames Names);

/// <summary>
/// Everything the names of one Service answer, made once per change and never changed: a query reads one of these, so it sees one state of the Service.
/// It knows no zone: in each zone served it is the same.
/// </summary>
internal sealed record ServiceNames
{
    private static readonly SrvGroup NoPorts = new([], [], 1);

    /// <summary><c>service.namespace.svc</c> in wire form, lower case, without the root: what stands before the zone.</summary>
    public required byte[] Stem { get; init; }

    /// <summary>False for a headless Service without ready endpoints: its names do not exist (specification 1.1.0, §2.4).</summary>
    public bool Exists { get; init; } = true;

    /// <summary>The name an ExternalName Service stands for, wire form; empty otherwise.</summary>
    public byte[] Alias { get; init; } = [];

    /// <summary>The Service has no address of its own: its endpoints stand for it.</summary>
    public bool IsHeadless { get; init; }

    /// <summary>What the Service's own name resolves to: cluster addresses, or the ready endpoints of a headless Service.</summary>
    public NamedAddress[] Addresses { get; init; } = [];

    /// <summary>Ready endpoints, ordered by label; several addresses may share one.</summary>
    public NamedAddress[] Endpoints { get; init; } = [];

    /// <summary>SRV records by named port.</summary>
    public SrvGroup[] Ports { get; init; } = [];

    /// <summary>SRV records of the Service's own name: every port, named or not.</summary>
    public SrvGroup AllPorts { get; init; } = NoPorts;

    /// <summary>What SRV records of the endpoints' own names point to, ordered by label; the ports are the endpoints'.</summary>
    public SrvTarget[] EndpointPorts { get; init; } = [];

    /// <summary>The topology zones of a headless Service's ready endpoints; none unless wanted (option <c>zonal</c>).</summary>
    public ZonalNames[] Zones { get; init; } = [];

    /// <summary>
    /// Names below the Service's own that have nothing but names below them: clusters that endpoints are imported from. Labels with their length bytes.
    /// </summary>
    public byte[][] Clusters { get; init; } = [];

    /// <summary>Whether a label, or several with their length bytes, is such a name.</summary>
    public bool HasCluster(scoped ReadOnlySpan<byte> labels)
    {
        foreach (var cluster in Clusters)
        {
            if (cluster.AsSpan().SequenceEqual(labels))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The Service as far as its endpoints stand in a topology zone; null: none does.</summary>
    public ServiceNames? InZone(scoped ReadOnlySpan<byte> zone)
    {
        foreach (var one in Zones)
        {
            if (one.Zone.AsSpan().SequenceEqual(zone))
            {
                return one.Names;
            }
        }

        return null;
    }

    /// <summary>Whether the Service's own name resolves to it.</summary>
    public bool HasAddress(IpAddr address)
    {
        foreach (var own in Addresses)
        {
            if (own.Address == address)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The endpoints with this label, given with its length byte, or with these; empty when there is none.</summary>
    public ReadOnlySpan<NamedAddress> Labelled(scoped ReadOnlySpan<byte> label) =>
        Endpoints.AsSpan(Find(Endpoints, static endpoint => endpoint.Label, label));

    /// <summary>What SRV records of this label's own name point to.</summary>
    public ReadOnlySpan<SrvTarget> TargetsLabelled(scoped ReadOnlySpan<byte> label) =>
        EndpointPorts.AsSpan(Find(EndpointPorts, static target => target.Label, label));

    /// <summary>The weight of SRV records of an endpoint's own name: 100 parted among its addresses and ports, at least 1.</summary>
    public static ushort WeightOf(ReadOnlySpan<SrvTarget> targets, int addresses) => (ushort)Math.Max(1, 100 / Math.Max(1, targets.Length * addresses));

    /// <summary>The SRV records of <c>_port._proto</c>, or null.</summary>
    public SrvGroup? Port(scoped ReadOnlySpan<byte> key)
    {
        foreach (var group in Ports)
        {
            if (group.Key.AsSpan().SequenceEqual(key))
            {
                return group;
            }
        }

        return null;
    }

    /// <summary>Some named port uses the protocol <paramref name="key"/> (<c>_proto</c> in wire form): the name in between exists, empty (RFC 8020).</summary>
    public bool HasProtocol(scoped ReadOnlySpan<byte> key)
    {
        foreach (var group in Ports)
        {
            // The first label is the port's: what follows it must be the protocol's, whole.
            if (group.Key.AsSpan(1 + group.Key[0]).SequenceEqual(key))
            {
                return true;
            }
        }

        return false;
    }

    private static Range Find<T>(T[] ordered, Func<T, byte[]> labelOf, scoped ReadOnlySpan<byte> label)
    {
        var (low, high) = (0, ordered.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (labelOf(ordered[middle]).AsSpan().SequenceCompareTo(label) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        var end = low;
        while (end < ordered.Length && labelOf(ordered[end]).AsSpan().SequenceEqual(label))
        {
            end++;
        }

        return low..end;
    }
}
