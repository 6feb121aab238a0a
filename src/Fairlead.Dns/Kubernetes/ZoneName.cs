using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Kubernetes;

/// <summary>One zone by its name.</summary>
internal sealed class ZoneName
{
    /// <param name="name">Dotted, lower case, without a dot at the end; empty: the root.</param>
    /// <exception cref="FormatException">It is no name.</exception>
    public ZoneName(string name)
    {
        Wire = DnsName.Encode(name);
        Labels = name.Length == 0 ? 0 : name.Split('.').Length;
        IsReverse = AddressNames.IsReverse(name);
    }

    /// <summary>The name in wire form, lower case.</summary>
    public byte[] Wire { get; }

    /// <summary>Number of its labels.</summary>
    public int Labels { get; }

    /// <summary>It is a zone of reverse names: one of <c>in-addr.arpa</c> or <c>ip6.arpa</c>, or a part of them.</summary>
    public bool IsReverse { get; }
}

/// <summary>A name that one zone is asked for.</summary>
internal readonly ref struct ZoneQuestion
{
    /// <summary>The name in lower case.</summary>
    public required QueryName Name { get; init; }

    /// <summary>The same as it was asked, or as an alias names it: the owner of what is answered.</summary>
    public required ReadOnlySpan<byte> Owner { get; init; }

    /// <summary>The zone as the owner writes it, so that every name of the answer ends as the question does.</summary>
    public required ReadOnlySpan<byte> Zone { get; init; }

    /// <summary>How many labels stand before the zone.</summary>
    public required int Before { get; init; }

    /// <summary>What is asked.</summary>
    public required RecordType Type { get; init; }
}
