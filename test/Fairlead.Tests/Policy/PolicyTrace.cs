using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Tracing;
using Fairlead.Nftables.Values;

namespace Fairlead.Tests.Policy;

/// <summary>Sends a packet through node n1: pods hang off <c>fl…</c> links, all else is behind eth0, the DNS address is the node's own.</summary>
internal static class PolicyTrace
{
    /// <summary>The node's own addresses.</summary>
    public static IpAddr[] Own { get; } = [IpAddr.Parse("172.30.0.11"), IpAddr.Parse("fd00:172:30::11"), IpAddr.Parse("10.96.0.10"), IpAddr.Parse("fd00:10:96::a")];

    /// <summary>The pod ranges of the node.</summary>
    public static IpNet[] Ranges { get; } = [IpNet.Parse("10.244.1.0/24"), IpNet.Parse("fd00:10:244:1::/64")];

    public static Trace Of(MemoryNft nft, Probe probe, CtState state = CtState.New, byte flags = 2)
    {
        var host = new TraceHost(Own.Contains, address => Ranges.Any(range => range.Contains(address)) ? "fl0" : "eth0");
        return new PacketTracer(nft.Tables.Values, host, _ => 0).Trace(new Packet
        {
            Source = probe.From,
            Destination = probe.To,
            Protocol = probe.Protocol,
            SourcePort = 40000,
            DestinationPort = probe.Port,
            InInterface = Own.Contains(probe.From) ? "" : host.RouteTo(probe.From),
            State = state,
            TcpFlags = flags,
        });
    }
}
