using System.Runtime.InteropServices;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Netlink;
using Fairlead.Linux.Route;

namespace Fairlead.Tests.Linux;

public sealed class NetlinkWireTests
{
    [Fact]
    public void What_the_writer_writes_the_reader_reads()
    {
        using var writer = new NetlinkWriter(16);
        writer.Begin(100, NetlinkFlags.Ack);
        writer.Header(0x01020304u);
        writer.Text(1, "eth0");
        writer.U8(2, 7);
        writer.U16Be(3, 0x1234);
        writer.U32Be(4, 0x12345678);
        var nested = writer.BeginNested(5);
        writer.Address(1, IpAddr.Parse("10.0.0.1"));
        writer.Address(2, IpAddr.Parse("fd00::1"));
        writer.EndNested(nested);
        writer.Begin(101, NetlinkFlags.Dump);
        Assert.Equal(2, writer.MessageCount);

        var seen = new List<string>();
        foreach (var message in new NetlinkReader(writer.Written))
        {
            seen.Add($"{message.Type} {message.Flags}");
            if (message.Type != 100)
            {
                continue;
            }

            Assert.Equal(0x01020304u, message.Header<uint>());
            foreach (var attribute in message.Attributes<uint>())
            {
                seen.Add(attribute.Type switch
                {
                    1 => attribute.Text,
                    2 => $"{attribute.U8}",
                    3 => $"{attribute.U16Be:x}",
                    4 => $"{attribute.U32Be:x}",
                    _ => Join(attribute.Nested),
                });
            }
        }

        Assert.Equal(["100 Request, Ack", "eth0", "7", "1234", "12345678", "10.0.0.1 fd00::1", "101 Request, Dump"], seen);
    }

    [Fact]
    public void A_kernel_without_IPv6_that_lists_IPv4_routes_when_asked_for_IPv6_is_not_believed()
    {
        // RTM_NEWROUTE with struct rtmsg: AF_INET, /8; RTA_DST.
        using var writer = new NetlinkWriter();
        writer.Begin(24, NetlinkFlags.None);
        writer.Header(0x0000_0802u);
        writer.Header(0x0100_03FEu);
        writer.Header(0u);
        writer.Address(1, IpAddr.Parse("10.0.0.0"));
        var reader = new NetlinkReader(writer.Written);
        Assert.True(reader.MoveNext());
        Assert.Equal("10.0.0.0/8", RouteSocket.ParseRoute(reader.Current, IpFamily.V4)?.Destination.ToString());
        Assert.Null(RouteSocket.ParseRoute(reader.Current, IpFamily.V6));
    }

    [Theory]
    [InlineData(15u)]
    [InlineData(21u)]
    [InlineData(uint.MaxValue)]
    public void A_message_longer_than_its_datagram_is_refused(uint length)
    {
        var bytes = new byte[20];
        MemoryMarshal.Write(bytes, length);
        Assert.Throws<InvalidDataException>(() => new NetlinkReader(bytes).MoveNext());
    }

    [Theory]
    [InlineData(3)]
    [InlineData(9)]
    [InlineData(ushort.MaxValue)]
    public void An_attribute_longer_than_its_message_is_refused(ushort length)
    {
        var bytes = new byte[8];
        MemoryMarshal.Write(bytes, length);
        Assert.Throws<InvalidDataException>(() => new NetlinkAttributes(bytes).MoveNext());
    }

    [Fact]
    public void A_value_too_short_for_what_is_read_is_refused()
    {
        var bytes = new byte[] { 6, 0, 1, 0, 1, 2 };
        Assert.Throws<InvalidDataException>(() => First(bytes).U32);
        Assert.Throws<InvalidDataException>(() => First(bytes).Address);
        Assert.Equal(0x0201, First(bytes).U16);
    }

    private static string Join(NetlinkAttributes attributes)
    {
        var parts = new List<string>();
        foreach (var attribute in attributes)
        {
            parts.Add(attribute.Address.ToString());
        }

        return string.Join(' ', parts);
    }

    private static NetlinkAttribute First(byte[] bytes)
    {
        var attributes = new NetlinkAttributes(bytes);
        attributes.MoveNext();
        return attributes.Current;
    }
}
