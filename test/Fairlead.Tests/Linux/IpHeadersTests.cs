using CsCheck;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Packets;

namespace Fairlead.Tests.Linux;

public sealed class IpHeadersTests
{
    private static readonly byte[] Ports = [0x1F, 0x90, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    [Theory]
    [InlineData(IpProtocol.Tcp)]
    [InlineData(IpProtocol.Udp)]
    [InlineData(IpProtocol.Sctp)]
    public void Ports_are_read_of_both_families(IpProtocol protocol)
    {
        foreach (var packet in new[] { V4(protocol, Ports), V6((byte)protocol, Ports) })
        {
            Assert.True(IpHeaders.TryRead(packet, out var headers));
            Assert.Equal((protocol, true, (ushort)8080, (ushort)80), (headers.Protocol, headers.HasPorts, headers.SourcePort, headers.DestinationPort));
        }
    }

    [Fact]
    public void Addresses_are_read_and_options_passed_over()
    {
        Assert.True(IpHeaders.TryRead(V4(IpProtocol.Tcp, Ports, options: 8), out var headers));
        Assert.Equal(("10.0.0.1", "10.0.0.2", (ushort)80), ($"{headers.Source}", $"{headers.Destination}", headers.DestinationPort));
        Assert.True(IpHeaders.TryRead(V6(6, Ports), out headers));
        Assert.Equal(("fd00::1", "fd00::2"), ($"{headers.Source}", $"{headers.Destination}"));
    }

    [Fact]
    public void Extension_headers_are_passed_over_to_the_transport()
    {
        // Hop-by-hop, destination options of 16 bytes, authentication of 12, first fragment, then TCP.
        byte[] chain =
        [
            60, 0, 0, 0, 0, 0, 0, 0,
            51, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            44, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            6, 0, 0, 1, 0, 0, 0, 9,
            .. Ports,
        ];
        Assert.True(IpHeaders.TryRead(V6(0, chain), out var headers));
        Assert.Equal((IpProtocol.Tcp, (ushort)80, false), (headers.Protocol, headers.DestinationPort, headers.IsLaterFragment));
    }

    [Fact]
    public void A_later_fragment_has_no_ports()
    {
        var packet = V4(IpProtocol.Udp, Ports);
        packet[7] = 1;
        Assert.True(IpHeaders.TryRead(packet, out var headers));
        Assert.Equal((true, false, IpProtocol.Udp), (headers.IsLaterFragment, headers.HasPorts, headers.Protocol));
        Assert.True(IpHeaders.TryRead(V6(44, [17, 0, 0, 8, 0, 0, 0, 9, .. Ports]), out headers));
        Assert.Equal((true, false, IpProtocol.Udp), (headers.IsLaterFragment, headers.HasPorts, headers.Protocol));
    }

    [Fact]
    public void Of_ICMP_the_type_is_read()
    {
        Assert.True(IpHeaders.TryRead(V4(IpProtocol.Icmp, [8, 0]), out var headers));
        Assert.Equal((8, false), (headers.IcmpType, headers.HasPorts));
        Assert.True(IpHeaders.TryRead(V6((byte)IpProtocol.IcmpV6, [128, 0]), out headers));
        Assert.Equal(128, headers.IcmpType);
        Assert.True(IpHeaders.TryRead(V4(IpProtocol.Icmp, []), out headers));
        Assert.Equal(-1, headers.IcmpType);
    }

    [Fact]
    public void A_packet_cut_short_says_what_is_there()
    {
        Assert.True(IpHeaders.TryRead(V4(IpProtocol.Tcp, [1, 2, 3]), out var headers));
        Assert.Equal((IpProtocol.Tcp, false), (headers.Protocol, headers.HasPorts));
        Assert.False(IpHeaders.TryRead(V4(IpProtocol.Tcp, Ports).AsSpan(0, 19), out _));
        Assert.False(IpHeaders.TryRead(V6(6, Ports).AsSpan(0, 39), out _));
        Assert.False(IpHeaders.TryRead([], out _));
        Assert.False(IpHeaders.TryRead([0x50, 0, 0], out _));

        // An extension header longer than what was copied: its number is all that is known.
        Assert.True(IpHeaders.TryRead(V6(60, [6, 9, 0, 0, 0, 0, 0, 0]), out headers));
        Assert.Equal((60, false), ((int)headers.Protocol, headers.HasPorts));
    }

    [Fact]
    public void No_bytes_at_all_break_the_reader() => Gen.Byte.Array[0, 200].Sample(bytes =>
    {
        IpHeaders.TryRead(bytes, out _);
        foreach (var version in new byte[] { 0x45, 0x4F, 0x60 })
        {
            IpHeaders.TryRead([version, .. bytes], out _);
        }
    });

    private static byte[] V4(IpProtocol protocol, byte[] transport, int options = 0)
    {
        var header = new byte[20 + options];
        header[0] = (byte)(0x40 | (header.Length / 4));
        header[9] = (byte)protocol;
        (header[12], header[15], header[16], header[19]) = (10, 1, 10, 2);
        return [.. header, .. transport];
    }

    private static byte[] V6(byte next, byte[] rest)
    {
        var header = new byte[40];
        (header[0], header[6], header[8], header[23], header[24], header[39]) = (0x60, next, 0xFD, 1, 0xFD, 2);
        return [.. header, .. rest];
    }
}
