namespace Fairlead.Linux.Netlink;

/// <summary>Which part of the kernel a netlink socket talks to (<c>NETLINK_*</c>, <c>linux/netlink.h</c>).</summary>
public enum NetlinkProtocol
{
    /// <summary>NETLINK_ROUTE: links, addresses, routes, rules, neighbours.</summary>
    Route = 0,

    /// <summary>NETLINK_SOCK_DIAG: sockets.</summary>
    SockDiag = 4,

    /// <summary>NETLINK_NETFILTER: nf_tables, conntrack, logging.</summary>
    Netfilter = 12,

    /// <summary>NETLINK_GENERIC: families by name.</summary>
    Generic = 16,
}
