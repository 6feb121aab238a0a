using Fairlead.Linux.Addresses;
using Fairlead.Linux.Netlink;

namespace Fairlead.Linux.Conntrack;

/// <summary>Reads conntrack messages.</summary>
internal static class ConntrackParser
{
    internal static ConntrackFlow? Parse(NetlinkMessage message)
    {
        if (message.Type != Ct.New)
        {
            return null;
        }

        var family = message.Header<NfGenMsg>().Family;
        var flow = new ConntrackFlow { Family = family == IpFamily.V6.AddressFamily ? IpFamily.V6 : IpFamily.V4 };
        foreach (var attribute in message.Attributes<NfGenMsg>())
        {
            flow = attribute.Type switch
            {
                Ct.TupleOrig => WithOriginal(flow, attribute),
                Ct.TupleReply => flow with { Reply = ReadTuple(attribute.Nested, out _) },
                Ct.Status => flow with { Status = attribute.U32Be },
                Ct.Mark => flow with { Mark = attribute.U32Be },
                Ct.Zone => flow with { Zone = attribute.U16Be },
                Ct.Id => flow with { Id = attribute.U32Be },
                _ => flow,
            };
        }

        return flow;
    }

    private static ConntrackFlow WithOriginal(ConntrackFlow flow, NetlinkAttribute attribute)
    {
        var tuple = ReadTuple(attribute.Nested, out var protocol);
        return flow with { Original = tuple, Protocol = protocol, RawOriginal = [.. attribute.Value] };
    }

    /// <summary>One direction of a flow (CTA_TUPLE_*).</summary>
    internal static ConntrackTuple ReadTuple(NetlinkAttributes attributes, out IpProtocol protocol)
    {
        var tuple = default(ConntrackTuple);
        protocol = IpProtocol.Any;
        foreach (var attribute in attributes)
        {
            foreach (var part in attribute.Nested)
            {
                switch (attribute.Type)
                {
                    case Ct.TupleIp:
                        tuple = WithAddress(tuple, part);
                        break;
                    case Ct.TupleProto when part.Type == Ct.ProtoNumber:
                        protocol = (IpProtocol)part.U8;
                        break;
                    case Ct.TupleProto:
                        tuple = WithPort(tuple, part);
                        break;
                }
            }
        }

        return tuple;
    }

    private static ConntrackTuple WithAddress(ConntrackTuple tuple, NetlinkAttribute part) => part.Type switch
    {
        Ct.IpV4Source or Ct.IpV6Source => tuple with { Source = part.Address },
        Ct.IpV4Destination or Ct.IpV6Destination => tuple with { Destination = part.Address },
        _ => tuple,
    };

    private static ConntrackTuple WithPort(ConntrackTuple tuple, NetlinkAttribute part) => part.Type switch
    {
        Ct.ProtoSourcePort or Ct.IcmpId or Ct.IcmpV6Id => tuple with { SourcePort = part.U16Be },
        Ct.ProtoDestinationPort => tuple with { DestinationPort = part.U16Be },
        Ct.IcmpType or Ct.IcmpV6Type => tuple with { DestinationPort = (ushort)((tuple.DestinationPort & 0xFF) | (part.U8 << 8)) },
        Ct.IcmpCode or Ct.IcmpV6Code => tuple with { DestinationPort = (ushort)((tuple.DestinationPort & 0xFF00) | part.U8) },
        _ => tuple,
    };
}
