using Fairlead.Linux.Addresses;
using Fairlead.Linux.Netlink;

namespace Fairlead.Linux.Route;

public sealed partial class RouteSocket
{
    /// <summary>Neighbours of both families, proxy entries apart.</summary>
    /// <param name="proxies">List the proxy entries instead.</param>
    public List<Neighbour> Neighbours(bool proxies = false)
    {
        using var request = new NetlinkWriter();
        request.Begin(Rt.RTM_GETNEIGH, NetlinkFlags.Dump);
        request.Header(new NdMsg { Flags = proxies ? Rt.NTF_PROXY : (byte)0 });
        return _socket.Dump(request, "list neighbours", ParseNeighbour);
    }

    /// <summary>Adds or replaces a permanent neighbour, or with <see cref="Neighbour.Proxy"/> an address to answer for.</summary>
    public void ReplaceNeighbour(Neighbour neighbour)
    {
        using var request = new NetlinkWriter();
        request.Begin(Rt.RTM_NEWNEIGH, NetlinkFlags.Create | NetlinkFlags.Replace | NetlinkFlags.Ack);
        WriteNeighbour(request, neighbour);
        Try(request, $"set neighbour {neighbour.Address} of link {neighbour.Link}");
    }

    /// <summary>Deletes a neighbour or proxy entry.</summary>
    /// <returns>False when there is none.</returns>
    public bool DeleteNeighbour(Neighbour neighbour)
    {
        using var request = new NetlinkWriter();
        request.Begin(Rt.RTM_DELNEIGH, NetlinkFlags.Ack);
        WriteNeighbour(request, neighbour);
        return Try(request, $"delete neighbour {neighbour.Address} of link {neighbour.Link}", Errno.ENOENT, Errno.ENODEV);
    }

    internal static Neighbour? ParseNeighbour(NetlinkMessage message)
    {
        if (message.Type is not (Rt.RTM_NEWNEIGH or Rt.RTM_DELNEIGH))
        {
            return null;
        }

        var header = message.Header<NdMsg>();
        if (header.Family != IpFamily.V4.AddressFamily && header.Family != IpFamily.V6.AddressFamily)
        {
            // Bridges list their forwarding entries here too.
            return null;
        }

        var (address, hardware) = (default(IpAddr), default(MacAddress));
        foreach (var attribute in message.Attributes<NdMsg>())
        {
            switch (attribute.Type)
            {
                case Rt.NDA_DST:
                    address = attribute.Address;
                    break;
                case Rt.NDA_LLADDR when attribute.Value.Length == MacAddress.Size:
                    hardware = MacAddress.FromBytes(attribute.Value);
                    break;
            }
        }

        return new Neighbour
        {
            Link = header.Index,
            Address = address,
            Hardware = hardware,
            Permanent = (header.State & Rt.NUD_PERMANENT) != 0,
            Proxy = (header.Flags & Rt.NTF_PROXY) != 0,
        };
    }

    private static void WriteNeighbour(NetlinkWriter request, Neighbour neighbour)
    {
        request.Header(new NdMsg
        {
            Family = neighbour.Address.Family.AddressFamily,
            Index = neighbour.Link,
            State = neighbour.Proxy ? (ushort)0 : Rt.NUD_PERMANENT,
            Flags = neighbour.Proxy ? Rt.NTF_PROXY : (byte)0,
        });
        request.Address(Rt.NDA_DST, neighbour.Address);
        if (!neighbour.Hardware.IsNone)
        {
            request.Bytes(Rt.NDA_LLADDR, Bytes(neighbour.Hardware));
        }
    }
}
