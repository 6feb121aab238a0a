using System.Buffers;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Netlink;

namespace Fairlead.Linux.Route;

public sealed partial class RouteSocket
{
    private const int MaxName = 15;
    private static readonly SearchValues<char> NotInNames = SearchValues.Create("/: \t\n\0");

    /// <summary>All links, by index.</summary>
    public List<Link> Links()
    {
        using var request = new NetlinkWriter();
        request.Begin(Rt.RTM_GETLINK, NetlinkFlags.Dump);
        request.Header(default(IfInfoMsg));
        return _socket.Dump(request, "list links", ParseLink);
    }

    /// <summary>The link of that name, or null.</summary>
    public Link? FindLink(string name)
    {
        using var request = new NetlinkWriter();
        request.Begin(Rt.RTM_GETLINK, NetlinkFlags.Ack);
        request.Header(default(IfInfoMsg));
        request.Text(Rt.IFLA_IFNAME, name);
        return _socket.Get(request, $"get link {name}", ParseLink);
    }

    /// <summary>The link of that index, or null.</summary>
    public Link? FindLink(int index)
    {
        using var request = new NetlinkWriter();
        request.Begin(Rt.RTM_GETLINK, NetlinkFlags.Ack);
        request.Header(new IfInfoMsg { Index = index });
        return _socket.Get(request, $"get link {index}", ParseLink);
    }

    /// <summary>The link of that name.</summary>
    /// <exception cref="LinuxException">ENODEV: there is none.</exception>
    public Link GetLink(string name) => FindLink(name) ?? throw new LinuxException(Errno.ENODEV, $"get link {name}");

    /// <summary>Makes a veth pair, both ends down. Refused with EEXIST when either name is taken, and then neither end is made.</summary>
    /// <param name="end">One end, in the namespace of this socket unless it says otherwise.</param>
    /// <param name="peer">The other end.</param>
    public void CreateVeth(VethEnd end, VethEnd peer)
    {
        using var request = new NetlinkWriter();
        request.Begin(Rt.RTM_NEWLINK, NetlinkFlags.Create | NetlinkFlags.Exclusive | NetlinkFlags.Ack);
        request.Header(default(IfInfoMsg));
        WriteEnd(request, end);
        var info = request.BeginNested(Rt.IFLA_LINKINFO);
        request.Text(Rt.IFLA_INFO_KIND, "veth");
        var data = request.BeginNested(Rt.IFLA_INFO_DATA);
        var other = request.BeginNested(Rt.VETH_INFO_PEER, default(IfInfoMsg));
        WriteEnd(request, peer);
        request.EndNested(other);
        request.EndNested(data);
        request.EndNested(info);
        _socket.Execute(request, $"create veth {end.Name} with peer {peer.Name}");
    }

    /// <summary>Makes a link that needs nothing but a name and kind, such as <c>bridge</c> or <c>dummy</c>, and is down.</summary>
    public void CreateLink(string name, string kind)
    {
        using var request = new NetlinkWriter();
        request.Begin(Rt.RTM_NEWLINK, NetlinkFlags.Create | NetlinkFlags.Exclusive | NetlinkFlags.Ack);
        request.Header(default(IfInfoMsg));
        request.Text(Rt.IFLA_IFNAME, CheckName(name));
        var info = request.BeginNested(Rt.IFLA_LINKINFO);
        request.Text(Rt.IFLA_INFO_KIND, kind);
        request.EndNested(info);
        _socket.Execute(request, $"create {kind} {name}");
    }

    /// <summary>Changes a link, all at once or not at all.</summary>
    public void ChangeLink(int index, LinkChange change)
    {
        using var request = new NetlinkWriter();
        request.Begin(Rt.RTM_NEWLINK, NetlinkFlags.Ack);
        request.Header(LinkHeader(index, change.Up));
        if (change.Name is { } name)
        {
            request.Text(Rt.IFLA_IFNAME, CheckName(name));
        }

        if (change.Mtu is { } mtu)
        {
            request.U32(Rt.IFLA_MTU, (uint)mtu);
        }

        if (change.Address is { } address)
        {
            request.Bytes(Rt.IFLA_ADDRESS, Bytes(address));
        }

        if (change.Master is { } master)
        {
            request.U32(Rt.IFLA_MASTER, (uint)master);
        }

        if (change.Alias is { } alias)
        {
            request.Bytes(Rt.IFLA_IFALIAS, System.Text.Encoding.UTF8.GetBytes(alias));
        }

        _socket.Execute(request, $"change link {index}");
    }

    /// <summary>Sets a link up.</summary>
    public void SetUp(string name) => ChangeLink(GetLink(name).Index, new LinkChange { Up = true });

    /// <summary>Moves a link into another namespace; its addresses and routes do not come along.</summary>
    public void MoveLink(int index, Namespaces.NetNamespace netns)
    {
        using var request = new NetlinkWriter();
        request.Begin(Rt.RTM_NEWLINK, NetlinkFlags.Ack);
        request.Header(LinkHeader(index, null));
        request.U32(Rt.IFLA_NET_NS_FD, (uint)netns.Handle.Number);
        _socket.Execute(request, $"move link {index} to {netns.Path}");
    }

    /// <summary>Deletes a link, and its peer if it is one end of a pair.</summary>
    /// <returns>False when there is none.</returns>
    public bool DeleteLink(string name)
    {
        using var request = new NetlinkWriter();
        request.Begin(Rt.RTM_DELLINK, NetlinkFlags.Ack);
        request.Header(default(IfInfoMsg));
        request.Text(Rt.IFLA_IFNAME, name);
        return Try(request, $"delete link {name}", Errno.ENODEV);
    }

    internal static Link? ParseLink(NetlinkMessage message)
    {
        if (message.Type is not (Rt.RTM_NEWLINK or Rt.RTM_DELLINK))
        {
            return null;
        }

        var header = message.Header<IfInfoMsg>();
        var link = new Link
        {
            Index = header.Index,
            Name = "",
            IsUp = (header.Flags & Rt.IFF_UP) != 0,
            IsRunning = (header.Flags & Rt.IFF_RUNNING) != 0,
        };
        foreach (var attribute in message.Attributes<IfInfoMsg>())
        {
            link = attribute.Type switch
            {
                Rt.IFLA_IFNAME => link with { Name = attribute.Text },
                Rt.IFLA_MTU => link with { Mtu = (int)attribute.U32 },
                Rt.IFLA_ADDRESS when attribute.Value.Length == MacAddress.Size => link with { Address = MacAddress.FromBytes(attribute.Value) },
                Rt.IFLA_MASTER => link with { Master = (int)attribute.U32 },
                Rt.IFLA_LINK => link with { Peer = (int)attribute.U32 },
                Rt.IFLA_IFALIAS => link with { Alias = attribute.Text },
                Rt.IFLA_LINKINFO => link with { Kind = KindOf(attribute) },
                _ => link,
            };
        }

        return link;
    }

    private static string KindOf(NetlinkAttribute info)
    {
        foreach (var attribute in info.Nested)
        {
            if (attribute.Type == Rt.IFLA_INFO_KIND)
            {
                return attribute.Text;
            }
        }

        return "";
    }

    private static IfInfoMsg LinkHeader(int index, bool? up) => new()
    {
        Index = index,
        Flags = up == true ? Rt.IFF_UP : 0,
        Change = up is null ? 0 : Rt.IFF_UP,
    };

    private static void WriteEnd(NetlinkWriter request, VethEnd end)
    {
        request.Text(Rt.IFLA_IFNAME, CheckName(end.Name));
        if (end.Namespace is { } netns)
        {
            request.U32(Rt.IFLA_NET_NS_FD, (uint)netns.Handle.Number);
        }

        if (!end.Address.IsNone)
        {
            request.Bytes(Rt.IFLA_ADDRESS, Bytes(end.Address));
        }

        if (end.Mtu > 0)
        {
            request.U32(Rt.IFLA_MTU, (uint)end.Mtu);
        }
    }

    private static string CheckName(string name) =>
        name.Length is > 0 and <= MaxName && !name.AsSpan().ContainsAny(NotInNames) && name is not ("." or "..")
            ? name
            : throw new ArgumentException($"'{name}' is no interface name: 1 to {MaxName} bytes without '/', ':' or space", nameof(name));
}
