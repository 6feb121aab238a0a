using System.Buffers.Binary;
using Fairlead.Linux.Addresses;

namespace Fairlead.KernelTests.Proxy;

/// <summary>Transport headers that no socket of this machine would send.</summary>
internal static class Segments
{
    /// <summary>Whether an IPv4 packet is a TCP segment with data (RFC 9293, section 3.1).</summary>
    public static bool IsData(ReadOnlySpan<byte> packet) =>
        packet[9] == (byte)IpProtocol.Tcp && BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) > 20 + ((packet[32] >> 4) * 4);

    /// <summary>A TCP segment of one byte from the receiver of a packet to its sender, numbered far beyond the sender's window.</summary>
    public static byte[] FarAheadInAnswerTo(ReadOnlySpan<byte> packet)
    {
        var segment = new byte[21];
        var tcp = packet[20..];
        tcp[2..4].CopyTo(segment);
        tcp[..2].CopyTo(segment.AsSpan(2));
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), BinaryPrimitives.ReadUInt32BigEndian(tcp[8..]) + 0x1000_0000);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]));
        segment[12] = 5 << 4;
        segment[13] = 0x18;
        segment[14] = 0xFF;
        segment[20] = (byte)'x';
        byte[] pseudo = [.. packet[16..20], .. packet[12..16], 0, (byte)IpProtocol.Tcp, 0, (byte)segment.Length, .. segment, 0];
        uint sum = 0;
        for (var i = 0; i < pseudo.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(pseudo.AsSpan(i));
        }

        sum = (sum & 0xFFFF) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(16), (ushort)~((sum & 0xFFFF) + (sum >> 16)));
        return segment;
    }

    /// <summary>An IPv4 packet (RFC 791); the kernel fills in its checksum.</summary>
    public static byte[] Ip(IpAddr source, IpAddr destination, IpProtocol protocol, byte[] payload)
    {
        var header = new byte[20];
        header[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(header.Length + payload.Length));
        header[8] = 64;
        header[9] = (byte)protocol;
        source.ToIPAddress().GetAddressBytes().CopyTo(header, 12);
        destination.ToIPAddress().GetAddressBytes().CopyTo(header, 16);
        return [.. header, .. payload];
    }

    /// <summary>An SCTP packet with an INIT chunk (RFC 9260, section 3.3.2), its CRC32c in place.</summary>
    public static byte[] SctpInit(ushort from, ushort to)
    {
        var packet = new byte[32];
        BinaryPrimitives.WriteUInt16BigEndian(packet, from);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), to);
        packet[12] = 1;
        packet[15] = 20;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), 0xCAFE);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(20), 65_536);
        packet[25] = packet[27] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(8), Crc32c(packet));
        return packet;
    }

    private static uint Crc32c(byte[] data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
            }
        }

        return ~crc;
    }
}
