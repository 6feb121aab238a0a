using System.Runtime.InteropServices;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Netlink;

namespace Fairlead.Linux.Conntrack;

/// <summary>The connection tracking table of the network namespace of the thread that opened the socket. May be used from any thread.</summary>
public sealed class ConntrackSocket : IFlows, IDisposable
{
    private const int DeleteBatch = 1000;
    private readonly NetlinkSocket _socket;

    private ConntrackSocket(NetlinkSocket socket) => _socket = socket;

    /// <summary>Opens a socket in the network namespace of the calling thread.</summary>
    /// <exception cref="LinuxException">The kernel has no netfilter.</exception>
    public static ConntrackSocket Open() => new(NetlinkSocket.Open(NetlinkProtocol.Netfilter));

    /// <summary>All flows of one family.</summary>
    /// <exception cref="NetlinkException">The kernel has no conntrack netlink.</exception>
    public List<ConntrackFlow> List(IpFamily family)
    {
        using var request = new NetlinkWriter();
        request.Begin(Ct.Get, NetlinkFlags.Dump);
        request.Header(new NfGenMsg { Family = family.AddressFamily });
        return _socket.Dump(request, $"list {family} flows", ConntrackParser.Parse);
    }

    /// <summary>Deletes a flow.</summary>
    /// <returns>False when it is gone already.</returns>
    /// <exception cref="NetlinkException">Refused.</exception>
    public bool Delete(ConntrackFlow flow) => Delete([flow]) == 1;

    /// <inheritdoc/>
    public int DeleteWhere(IpFamily family, Func<ConntrackFlow, bool> condition) => Delete(List(family).FindAll(flow => condition(flow)));

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private int Delete(List<ConntrackFlow> flows)
    {
        var deleted = 0;
        using var request = new NetlinkWriter();
        foreach (var batch in flows.Chunk(DeleteBatch))
        {
            request.Clear();
            foreach (var flow in batch)
            {
                WriteDelete(request, flow);
            }

            var errors = _socket.Transact(request, "delete flows", null);
            if (errors.FirstOrDefault(error => error.Errno != Errno.ENOENT) is { Errno: not Errno.None } refused)
            {
                throw new NetlinkException(refused, "delete flows");
            }

            deleted += batch.Length - errors.Count;
        }

        return deleted;
    }

    private static void WriteDelete(NetlinkWriter request, ConntrackFlow flow)
    {
        // A deletion that names no tuple would delete everything.
        if (flow.RawOriginal.IsEmpty)
        {
            throw new ArgumentException("only a flow that was listed can be deleted", nameof(flow));
        }

        request.Begin(Ct.Delete, NetlinkFlags.Ack);
        request.Header(new NfGenMsg { Family = flow.Family.AddressFamily });
        request.Bytes(Ct.TupleOrig | NetlinkAttribute.NestedFlag, flow.RawOriginal.AsSpan());
        request.U32Be(Ct.Id, flow.Id);
        if (flow.Zone != 0)
        {
            request.U16Be(Ct.Zone, flow.Zone);
        }
    }
}

/// <summary>struct nfgenmsg (<c>linux/netfilter/nfnetlink.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NfGenMsg
{
    internal byte Family;
    internal byte Version;
    internal ushort ResourceId;
}

/// <summary>Numbers of <c>linux/netfilter/nfnetlink_conntrack.h</c>; a test holds them to the header.</summary>
internal static class Ct
{
    internal const ushort New = 1 << 8;
    internal const ushort Get = (1 << 8) | 1;
    internal const ushort Delete = (1 << 8) | 2;
    internal const ushort TupleOrig = 1;
    internal const ushort TupleReply = 2;
    internal const ushort Status = 3;
    internal const ushort Mark = 8;
    internal const ushort Id = 12;
    internal const ushort Zone = 18;
    internal const ushort TupleIp = 1;
    internal const ushort TupleProto = 2;
    internal const ushort IpV4Source = 1;
    internal const ushort IpV4Destination = 2;
    internal const ushort IpV6Source = 3;
    internal const ushort IpV6Destination = 4;
    internal const ushort ProtoNumber = 1;
    internal const ushort ProtoSourcePort = 2;
    internal const ushort ProtoDestinationPort = 3;
    internal const ushort IcmpId = 4;
    internal const ushort IcmpType = 5;
    internal const ushort IcmpCode = 6;
    internal const ushort IcmpV6Id = 7;
    internal const ushort IcmpV6Type = 8;
    internal const ushort IcmpV6Code = 9;
}
