using System.Diagnostics;
using Fairlead.Nftables.Expressions;

namespace Fairlead.Nftables.Tracing;

/// <summary>What a selector reads from a packet; null when the packet has no such thing, which ends the rule.</summary>
internal static class SelectorValue
{
    public static Datum? Of(Selector selector, PacketState state)
    {
        if (selector is not Concat concat)
        {
            return FieldOf(selector, state) is { } field ? Datum.Of(field) : null;
        }

        var fields = new Field[concat.Parts.Count];
        for (var i = 0; i < fields.Length; i++)
        {
            if (FieldOf(concat.Parts[i], state) is not { } field)
            {
                return null;
            }

            fields[i] = field;
        }

        return Datum.Of(fields);
    }

    private static Field? FieldOf(Selector selector, PacketState state) => selector switch
    {
        PayloadSelector payload => Of(payload, state.Packet),
        MetaSelector meta => Of(meta.Key, state),
        CtSelector ct => Of(ct.Key, state),
        FibSelector fib => Of(fib.Question, state),
        NumgenSelector numgen => state.Random(numgen.Modulus),
        _ => throw new UnreachableException(),
    };

    private static Field? Of(PayloadSelector selector, Packet packet)
    {
        var field = selector.Field;
        if ((field.Family is { } family && family != packet.Source.Family) || (field.Protocol != IpProtocol.Any && field.Protocol != packet.Protocol))
        {
            return null;
        }

        return selector switch
        {
            _ when selector == Payload.IpSaddr || selector == Payload.Ip6Saddr => packet.Source,
            _ when selector == Payload.IpDaddr || selector == Payload.Ip6Daddr => packet.Destination,
            _ when selector == Payload.ThSport || selector == Payload.TcpSport || selector == Payload.UdpSport => packet.SourcePort,
            _ when selector == Payload.ThDport || selector == Payload.TcpDport || selector == Payload.UdpDport || selector == Payload.SctpDport =>
                packet.DestinationPort,
            _ when selector == Payload.TcpFlags => packet.TcpFlags,
            _ when selector == Payload.IcmpType || selector == Payload.IcmpV6Type => packet.IcmpType,
            _ => throw new UnreachableException(),
        };
    }

    private static Field? Of(MetaKey key, PacketState state) => key switch
    {
        MetaKey.Priority => state.Priority,
        MetaKey.Mark => state.Packet.Mark,
        MetaKey.IifName when state.Packet.InInterface.Length > 0 => state.Packet.InInterface,
        MetaKey.OifName when state.OutInterface.Length > 0 => state.OutInterface,
        MetaKey.NfProto => state.Packet.Source.Family.AddressFamily,
        MetaKey.L4Proto => state.Packet.Protocol,
        MetaKey.IifName or MetaKey.OifName => null,
        _ => throw new UnreachableException(),
    };

    private static Field? Of(CtKey key, PacketState state) => key switch
    {
        CtKey.State => (uint)state.Packet.State,
        _ when state.Packet.State is CtState.Invalid or CtState.Untracked => null,
        CtKey.Direction => state.Packet.IsReply ? (byte)1 : (byte)0,
        CtKey.Status => (uint)state.Packet.Status,
        CtKey.Mark => state.Packet.CtMark,
        CtKey.OriginalIpSaddr or CtKey.OriginalIp6Saddr => OfFamily(key == CtKey.OriginalIpSaddr, state.Original.Source),
        CtKey.OriginalIpDaddr or CtKey.OriginalIp6Daddr => OfFamily(key == CtKey.OriginalIpDaddr, state.Original.Destination),
        CtKey.OriginalProtoDst => state.Original.DestinationPort,
        _ => throw new UnreachableException(),
    };

    private static Field? OfFamily(bool v4, IpAddr address) => address.IsV4 == v4 ? address : null;

    private static Field? Of(FibQuestion question, PacketState state) => question switch
    {
        FibQuestion.SourceType => TypeOf(state.Packet.Source, state.Host),
        FibQuestion.DestinationType => TypeOf(state.Packet.Destination, state.Host),
        FibQuestion.ReversePathExists => state.Host.RouteTo(state.Packet.Source) == state.Packet.InInterface ? 1u : 0u,
        _ => throw new UnreachableException(),
    };

    private static Field TypeOf(IpAddr address, TraceHost host) => (uint)(host.IsLocal(address) ? FibAddressType.Local : FibAddressType.Unicast);
}
