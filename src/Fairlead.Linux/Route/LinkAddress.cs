using Fairlead.Linux.Addresses;

namespace Fairlead.Linux.Route;

/// <summary>An address of a link.</summary>
public sealed record LinkAddress
{
    /// <summary>Index of the link.</summary>
    public required int Link { get; init; }

    /// <summary>The address.</summary>
    public required IpAddr Address { get; init; }

    /// <summary>Prefix length; 32 or 128 for a single address.</summary>
    public required int Prefix { get; init; }

    /// <summary>Do not ask the neighbours whether the address is theirs (IFA_F_NODAD): usable at once. Means nothing for IPv4.</summary>
    public bool NoDuplicateDetection { get; init; }

    /// <summary>The kernel adds no route for the prefix (IFA_F_NOPREFIXROUTE).</summary>
    public bool NoPrefixRoute { get; init; }

    /// <summary>
    /// What this machine sends by itself, or masquerades, never gets this address as its source: of scope host in IPv4 (rtnetlink(7)), deprecated in
    /// IPv6 (RFC 6724 §5 rule 3). Otherwise an address of <c>lo</c> comes before all others where the outgoing link has none.
    /// </summary>
    public bool NeverSource { get; init; }

    /// <summary>Who added it (IFA_PROTO, Linux 5.18), as a route's protocol says it of a route: 0 when nobody said, 1 to 3 the kernel itself.</summary>
    public byte Protocol { get; init; }
}
