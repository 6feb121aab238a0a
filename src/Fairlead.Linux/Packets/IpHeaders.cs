using System.Buffers.Binary;
using Fairlead.Linux.Addresses;

namespace Fairlead.Linux.Packets;

/// <summary>
/// What the headers of an IP packet say, IPv4 (RFC 791) or IPv6 with its extension headers (RFC 8200, RFC 4302). Reading needs the headers alone, checks every
/// length and allocates nothing.
/// </summary>
public readonly record struct IpHeaders
{
    // IANA protocol numbers of IPv6 extension headers.
    private const byte HopByHop = 0;
    private const byte Routing = 43;
    private const byte FragmentHeader = 44;
    private const byte Authentication = 51;
    private const byte DestinationOptions = 60;
    private const byte Mobility = 135;
    private const byte HostIdentity = 139;
    private const byte Shim = 140;

    /// <summary>More extension headers than any sender has reason for: a longer chain is not followed.</summary>
    private const int MaxExtensions = 16;

    /// <summary>Source address.</summary>
    public IpAddr Source { get; private init; }

    /// <summary>Destination address.</summary>
    public IpAddr Destination { get; private init; }

    /// <summary>The transport protocol's number; after a chain of extension headers that is not followed to its end, the number of the next one.</summary>
    public IpProtocol Protocol { get; private init; }

    /// <summary>A fragment after the first: it has no transport header.</summary>
    public bool IsLaterFragment { get; private init; }

    /// <summary>The ports are known: TCP, UDP or SCTP, and the header was there.</summary>
    public bool HasPorts { get; private init; }

    /// <summary>Source port.</summary>
    public ushort SourcePort { get; private init; }

    /// <summary>Destination port.</summary>
    public ushort DestinationPort { get; private init; }

    /// <summary>Type of an ICMP or ICMPv6 message (RFC 792, RFC 4443); -1 where there is none.</summary>
    public int IcmpType { get; private init; }

    /// <summary>Reads a packet from its network header on.</summary>
    /// <returns>False when it is neither IPv4 nor IPv6, or shorter than that header.</returns>
    public static bool TryRead(ReadOnlySpan<byte> packet, out IpHeaders headers)
    {
        headers = default;
        return packet.Length > 0 && (packet[0] >> 4) switch
        {
            4 => TryReadV4(packet, out headers),
            6 => TryReadV6(packet, out headers),
            _ => false,
        };
    }

    private static bool TryReadV4(ReadOnlySpan<byte> packet, out IpHeaders headers)
    {
        headers = default;
        var length = (packet[0] & 0xF) * 4;
        if (length < 20 || packet.Length < length)
        {
            return false;
        }

        var later = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x1FFF) != 0;
        headers = WithTransport(packet[length..], packet[9], later) with
        {
            Source = IpAddr.FromBytes(packet.Slice(12, 4)),
            Destination = IpAddr.FromBytes(packet.Slice(16, 4)),
        };
        return true;
    }

    private static bool TryReadV6(ReadOnlySpan<byte> packet, out IpHeaders headers)
    {
        headers = default;
        if (packet.Length < 40)
        {
            return false;
        }

        var (next, later) = (packet[6], false);
        var rest = packet[40..];
        for (var i = 0; i < MaxExtensions && !later && LengthOf(next, rest) is var length and > 0; i++)
        {
            later = next == FragmentHeader && (BinaryPrimitives.ReadUInt16BigEndian(rest[2..]) & 0xFFF8) != 0;
            next = rest[0];
            rest = rest[length..];
        }

        headers = WithTransport(rest, next, later) with
        {
            Source = IpAddr.FromBytes(packet.Slice(8, 16)),
            Destination = IpAddr.FromBytes(packet.Slice(24, 16)),
        };
        return true;
    }

    /// <summary>Bytes of the extension header at the front of <paramref name="rest"/>; 0 when there is none, or not all of it.</summary>
    private static int LengthOf(byte kind, ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 8)
        {
            return 0;
        }

        var length = kind switch
        {
            HopByHop or Routing or DestinationOptions or Mobility or HostIdentity or Shim => (rest[1] + 1) * 8,
            Authentication => (rest[1] + 2) * 4,
            FragmentHeader => 8,
            _ => 0,
        };
        return length <= rest.Length ? length : 0;
    }

    private static IpHeaders WithTransport(ReadOnlySpan<byte> transport, byte number, bool isLaterFragment)
    {
        var headers = new IpHeaders { Protocol = (IpProtocol)number, IsLaterFragment = isLaterFragment, IcmpType = -1 };
        return headers.Protocol switch
        {
            _ when isLaterFragment => headers,
            IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.Sctp when transport.Length >= 4 => headers with
            {
                HasPorts = true,
                SourcePort = BinaryPrimitives.ReadUInt16BigEndian(transport),
                DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(transport[2..]),
            },
            IpProtocol.Icmp or IpProtocol.IcmpV6 when transport.Length >= 1 => headers with { IcmpType = transport[0] },
            _ => headers,
        };
    }
}
