using Fairlead.Linux.Addresses;
using Fairlead.Linux.Netlink;

namespace Fairlead.Linux.Route;

public sealed partial class RouteSocket
{
    /// <summary>All addresses, or those of one link.</summary>
    /// <param name="link">Index of the link; 0: all links.</param>
    public List<LinkAddress> Addresses(int link = 0)
    {
        using var request = new NetlinkWriter();
        request.Begin(Rt.RTM_GETADDR, NetlinkFlags.Dump);
        request.Header(new IfAddrMsg { Index = (uint)link });
        return _socket.Dump(request, "list addresses", ParseAddress);
    }

    /// <summary>Adds an address.</summary>
    /// <returns>False when the link has it already.</returns>
    public bool AddAddress(LinkAddress address)
    {
        using var request = new NetlinkWriter();
        request.Begin(Rt.RTM_NEWADDR, NetlinkFlags.Create | NetlinkFlags.Exclusive | NetlinkFlags.Ack);
        WriteAddress(request, address);
        return Try(request, $"add address {address.Address}/{address.Prefix} to link {address.Link}", Errno.EEXIST);
    }

    /// <summary>Removes an address.</summary>
    /// <returns>False when the link does not have it, or is not there.</returns>
    public bool DeleteAddress(LinkAddress address)
    {
        using var request = new NetlinkWriter();
        request.Begin(Rt.RTM_DELADDR, NetlinkFlags.Ack);
        WriteAddress(request, address);
        return Try(request, $"delete address {address.Address}/{address.Prefix} of link {address.Link}", Errno.EADDRNOTAVAIL, Errno.ENODEV);
    }

    internal static LinkAddress? ParseAddress(NetlinkMessage message)
    {
        if (message.Type is not (Rt.RTM_NEWADDR or Rt.RTM_DELADDR))
        {
            return null;
        }

        var header = message.Header<IfAddrMsg>();
        var (address, local, flags, protocol) = (default(IpAddr), default(IpAddr), (uint)header.Flags, (byte)0);
        foreach (var attribute in message.Attributes<IfAddrMsg>())
        {
            switch (attribute.Type)
            {
                case Rt.IFA_ADDRESS:
                    address = attribute.Address;
                    break;
                case Rt.IFA_LOCAL:
                    local = attribute.Address;
                    break;
                case Rt.IFA_FLAGS:
                    flags = attribute.U32;
                    break;
                case Rt.IFA_PROTO:
                    protocol = attribute.U8;
                    break;
            }
        }

        // Point-to-point links have their own address in IFA_LOCAL and the other side's in IFA_ADDRESS.
        return new LinkAddress
        {
            Link = (int)header.Index,
            Address = local.IsNone ? address : local,
            Prefix = header.PrefixLength,
            NoDuplicateDetection = (flags & Rt.IFA_F_NODAD) != 0,
            NoPrefixRoute = (flags & Rt.IFA_F_NOPREFIXROUTE) != 0,
            NeverSource = address.IsV4 ? header.Scope == Rt.RT_SCOPE_HOST : (flags & Rt.IFA_F_DEPRECATED) != 0,
            Protocol = protocol,
        };
    }

    private static void WriteAddress(NetlinkWriter request, LinkAddress address)
    {
        var flags = (address.NoDuplicateDetection && !address.Address.IsV4 ? Rt.IFA_F_NODAD : 0)
            | (address.NoPrefixRoute ? Rt.IFA_F_NOPREFIXROUTE : 0);
        request.Header(new IfAddrMsg
        {
            Family = address.Address.Family.AddressFamily,
            PrefixLength = (byte)address.Prefix,
            Scope = address.NeverSource && address.Address.IsV4 ? Rt.RT_SCOPE_HOST : (byte)0,
            Index = (uint)address.Link,
        });
        request.Address(Rt.IFA_LOCAL, address.Address);
        request.Address(Rt.IFA_ADDRESS, address.Address);
        request.U32(Rt.IFA_FLAGS, flags);
        if (address.Protocol != 0)
        {
            request.U8(Rt.IFA_PROTO, address.Protocol);
        }

        if (address.NeverSource && !address.Address.IsV4)
        {
            // struct ifa_cacheinfo: preferred for no time, valid for ever (INFINITY_LIFE_TIME).
            Span<byte> lifetimes = stackalloc byte[16];
            lifetimes[4..8].Fill(0xFF);
            request.Bytes(Rt.IFA_CACHEINFO, lifetimes);
        }
    }
}
