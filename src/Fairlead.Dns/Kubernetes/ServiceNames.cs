using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Kubernetes;

/// <summary>An address under a Service's name: <c>label.service.namespace.svc.zone</c>. Empty label: the Service's own address.</summary>
internal readonly record struct NamedAddress(byte[] Label, IpAddr Address);

/// <summary>What one SRV record points to. Empty label: the Service's own name.</summary>
internal readonly record struct SrvTarget(ushort Port, byte[] Label);

/// <summary>The SRV records of one named port. <see cref="Key"/> is <c>_port._proto</c> in wire form without the root.</summary>
internal sealed record SrvGroup(byte[] Key, SrvTarget[] Targets);

/// <summary>
/// Everything the names of one Service answer, made once per change and never changed: a query reads one of these, so it sees one state of the Service.
/// </summary>
internal sealed record ServiceNames
{
    /// <summary><c>service.namespace.svc.zone</c> in wire form, lower case.</summary>
    public required byte[] Name { get; init; }

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
    public SrvTarget[] AllPorts { get; init; } = [];

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

    /// <summary>The endpoints with this label; empty when there is none.</summary>
    public ReadOnlySpan<NamedAddress> Labelled(ReadOnlySpan<byte> label)
    {
        var (low, high) = (0, Endpoints.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (Endpoints[middle].Label.AsSpan().SequenceCompareTo(label) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        var end = low;
        while (end < Endpoints.Length && Endpoints[end].Label.AsSpan().SequenceEqual(label))
        {
            end++;
        }

        return Endpoints.AsSpan(low, end - low);
    }

    /// <summary>The SRV records of <c>_port._proto</c>, or null.</summary>
    public SrvTarget[]? Port(ReadOnlySpan<byte> key)
    {
        foreach (var group in Ports)
        {
            if (group.Key.AsSpan().SequenceEqual(key))
            {
                return group.Targets;
            }
        }

        return null;
    }

    /// <summary>Some named port uses the protocol <paramref name="key"/> (<c>_proto</c> in wire form): the name in between exists, empty (RFC 8020).</summary>
    public bool HasProtocol(ReadOnlySpan<byte> key)
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
}
