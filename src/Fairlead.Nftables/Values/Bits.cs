namespace Fairlead.Nftables.Values;

/// <summary>Connection tracking state as a rule sees it (<c>NF_CT_STATE_BIT</c>, <c>linux/netfilter/nf_conntrack_common.h</c>).</summary>
[Flags]
public enum CtState : uint
{
    /// <summary>No bit.</summary>
    None = 0,

    /// <summary>Belongs to no connection and cannot open one.</summary>
    Invalid = 1,

    /// <summary>Belongs to a connection that has seen packets in both directions.</summary>
    Established = 2,

    /// <summary>Opens a connection expected by another, or is an ICMP error about one.</summary>
    Related = 4,

    /// <summary>Opens a connection.</summary>
    New = 8,

    /// <summary>Was taken out of tracking (<c>notrack</c>).</summary>
    Untracked = 64,
}

/// <summary>Connection tracking status (<c>enum ip_conntrack_status</c>).</summary>
[Flags]
public enum CtStatus : uint
{
    /// <summary>No bit.</summary>
    None = 0,

    /// <summary>Both directions were seen.</summary>
    SeenReply = 2,

    /// <summary>The source of the connection was translated.</summary>
    Snat = 16,

    /// <summary>The destination of the connection was translated.</summary>
    Dnat = 32,
}

/// <summary>What the routing table says of an address (<c>RTN_*</c>, <c>linux/rtnetlink.h</c>).</summary>
public enum FibAddressType : uint
{
    /// <summary>An address reached by a route.</summary>
    Unicast = 1,

    /// <summary>An address of this machine (of this network namespace).</summary>
    Local = 2,

    /// <summary>A broadcast address.</summary>
    Broadcast = 3,

    /// <summary>A multicast address.</summary>
    Multicast = 5,
}
