using Fairlead.Linux.Addresses;

namespace Fairlead.Linux.Route;

/// <summary>An entry of the neighbour table: which Ethernet address an address has on a link.</summary>
public sealed record Neighbour
{
    /// <summary>Index of the link.</summary>
    public required int Link { get; init; }

    /// <summary>The neighbour's address.</summary>
    public required IpAddr Address { get; init; }

    /// <summary>Its Ethernet address; none for a proxy entry or while it is being asked for.</summary>
    public MacAddress Hardware { get; init; }

    /// <summary>Stays until deleted (NUD_PERMANENT).</summary>
    public bool Permanent { get; init; }

    /// <summary>The machine answers for this address on this link (NTF_PROXY).</summary>
    public bool Proxy { get; init; }
}
