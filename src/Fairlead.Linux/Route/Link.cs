using Fairlead.Linux.Addresses;

namespace Fairlead.Linux.Route;

/// <summary>A network interface as the kernel has it.</summary>
public sealed record Link
{
    /// <summary>Number, from 1, within its namespace.</summary>
    public required int Index { get; init; }

    /// <summary>Name, at most 15 bytes.</summary>
    public required string Name { get; init; }

    /// <summary>Kind (<c>veth</c>, <c>bridge</c>, …); empty for hardware and loopback.</summary>
    public string Kind { get; init; } = "";

    /// <summary>Largest packet in bytes.</summary>
    public int Mtu { get; init; }

    /// <summary>Ethernet address; none for links without.</summary>
    public MacAddress Address { get; init; }

    /// <summary>Administratively up (IFF_UP).</summary>
    public bool IsUp { get; init; }

    /// <summary>Up and with a carrier (IFF_RUNNING).</summary>
    public bool IsRunning { get; init; }

    /// <summary>Index of the bridge it belongs to; 0: none.</summary>
    public int Master { get; init; }

    /// <summary>Index of the other end of a veth pair, in the other end's namespace; 0: none.</summary>
    public int Peer { get; init; }

    /// <summary>Alias (IFLA_IFALIAS); empty: none.</summary>
    public string Alias { get; init; } = "";
}

/// <summary>What to change of a link; null leaves it as it is.</summary>
public sealed record LinkChange
{
    /// <summary>Up or down.</summary>
    public bool? Up { get; init; }

    /// <summary>Largest packet in bytes.</summary>
    public int? Mtu { get; init; }

    /// <summary>A new name; the link must be down on kernels before 6.2.</summary>
    public string? Name { get; init; }

    /// <summary>Ethernet address.</summary>
    public MacAddress? Address { get; init; }

    /// <summary>Index of the bridge to belong to; 0 leaves the bridge.</summary>
    public int? Master { get; init; }

    /// <summary>Alias, for people to read; empty removes it.</summary>
    public string? Alias { get; init; }
}

/// <summary>One end of a veth pair to be made.</summary>
public sealed record VethEnd
{
    /// <summary>Name, at most 15 bytes.</summary>
    public required string Name { get; init; }

    /// <summary>The namespace to make it in; null: that of the socket.</summary>
    public Namespaces.NetNamespace? Namespace { get; init; }

    /// <summary>Ethernet address; the kernel chooses one when none.</summary>
    public MacAddress Address { get; init; }

    /// <summary>Largest packet in bytes; 0: the kernel's default of 1500.</summary>
    public int Mtu { get; init; }
}
