using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Dns.Config;

/// <summary>One line of a hosts file.</summary>
/// <param name="Address">The address.</param>
/// <param name="Names">Its names, in lower case; its reverse name gives them all.</param>
internal sealed record HostsEntry(IpAddr Address, ValueArray<string> Names);

/// <summary>Plugin <c>hosts</c> of a server block: names written into the text itself.</summary>
internal sealed record HostsOptions
{
    /// <summary>Zones it answers for; names outside pass by.</summary>
    public required ValueArray<string> Zones { get; init; }

    /// <summary>The lines, in their order.</summary>
    public ValueArray<HostsEntry> Entries { get; init; } = [];

    /// <summary>Seconds a client may keep an answer, 1 to 65535.</summary>
    public uint Ttl { get; init; } = 3600;

    /// <summary>Addresses have no reverse names.</summary>
    public bool NoReverse { get; init; }

    /// <summary>Zones in which a name without an entry is asked of the next plugin; the empty zone is all of them.</summary>
    public ValueArray<string> Fallthrough { get; init; } = [];
}
