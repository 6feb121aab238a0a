using System.Buffers.Binary;
using Fairlead.Linux.Addresses;

namespace Fairlead.Linux.Packets;

/// <summary>Frames that tell every host on a link which Ethernet address an IP address has: gratuitous ARP and unsolicited neighbour advertisements.</summary>
public static class NeighbourFrames
{
    private const ushort EtherTypeArp = 0x0806;
    private const ushort EtherTypeIpv6 = 0x86DD;
    private const int EthernetHeader = 14;
    private const int Ipv6Header = 40;
    private const int AdvertisementSize = 32;
    private const ulong AllNodesMac = 0x3333_0000_0001;
    private const uint OverrideFlag = 0x2000_0000;

    /// <summary>The frame that announces that <paramref name="address"/> is at <paramref name="hardware"/>.</summary>
    public static byte[] Announce(IpAddr address, MacAddress hardware) =>
        address.IsV4 ? GratuitousArp(address, hardware) : UnsolicitedAdvertisement(address, hardware);

    /// <summary>An ARP request of an address for itself (RFC 5227 §3, RFC 5944 §4.6), to everybody.</summary>
    private static byte[] GratuitousArp(IpAddr address, MacAddress hardware)
    {
        var frame = new byte[EthernetHeader + 28];
        WriteEthernet(frame, MacAddress.Broadcast, hardware, EtherTypeArp);
        var arp = frame.AsSpan(EthernetHeader);
        BinaryPrimitives.WriteUInt16BigEndian(arp, 1);
        BinaryPrimitives.WriteUInt16BigEndian(arp[2..], 0x0800);
        arp[4] = MacAddress.Size;
        arp[5] = 4;
        BinaryPrimitives.WriteUInt16BigEndian(arp[6..], 1);
        hardware.WriteBytes(arp[8..]);
        address.WriteBytes(arp[14..]);
        address.WriteBytes(arp[24..]);
        return frame;
    }

    /// <summary>A neighbour advertisement nobody asked for (RFC 4861 §7.2.6), to all nodes, overriding what they know.</summary>
    private static byte[] UnsolicitedAdvertisement(IpAddr address, MacAddress hardware)
    {
        var frame = new byte[EthernetHeader + Ipv6Header + AdvertisementSize];
        WriteEthernet(frame, new MacAddress(AllNodesMac), hardware, EtherTypeIpv6);
        var ip = frame.AsSpan(EthernetHeader, Ipv6Header);
        ip[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], AdvertisementSize);
        ip[6] = (byte)IpProtocol.IcmpV6;
        ip[7] = 255;
        address.WriteBytes(ip[8..]);
        IpAddr.Parse("ff02::1").WriteBytes(ip[24..]);
        var icmp = frame.AsSpan(EthernetHeader + Ipv6Header);
        icmp[0] = 136;
        BinaryPrimitives.WriteUInt32BigEndian(icmp[4..], OverrideFlag);
        address.WriteBytes(icmp[8..]);
        icmp[24] = 2;
        icmp[25] = 1;
        hardware.WriteBytes(icmp[26..]);
        BinaryPrimitives.WriteUInt16BigEndian(icmp[2..], Checksum(ip, icmp));
        return frame;
    }

    private static void WriteEthernet(Span<byte> frame, MacAddress to, MacAddress from, ushort type)
    {
        to.WriteBytes(frame);
        from.WriteBytes(frame[MacAddress.Size..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], type);
    }

    /// <summary>The checksum over pseudo-header and message (RFC 4443 §2.3).</summary>
    private static ushort Checksum(ReadOnlySpan<byte> ip, ReadOnlySpan<byte> icmp)
    {
        var sum = (uint)icmp.Length + (uint)IpProtocol.IcmpV6;
        sum += Sum(ip[8..]) + Sum(icmp);
        sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~((sum & 0xFFFF) + (sum >> 16));
    }

    private static uint Sum(ReadOnlySpan<byte> words)
    {
        var sum = 0u;
        for (var i = 0; i < words.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(words[i..]);
        }

        return sum;
    }
}
