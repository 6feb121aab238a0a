using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fairlead.Ingress.Listening;

/// <summary>How far the bytes of a connection go towards a PROXY header.</summary>
internal enum ProxyHeaderState
{
    /// <summary>A beginning of one: more bytes decide.</summary>
    Partial,

    /// <summary>A whole one.</summary>
    Whole,

    /// <summary>None, whatever comes after.</summary>
    Malformed,
}

/// <summary>
/// The header that a load balancer puts before a connection to say whose it is (the PROXY protocol of HAProxy, versions 1 and 2): read from bytes alone.
/// </summary>
/// <param name="Source">Who connected to the load balancer; null: it does not say, or speaks for itself (LOCAL, UNKNOWN).</param>
/// <param name="Destination">What was connected to; null with <paramref name="Source"/>.</param>
/// <param name="Length">The header's length in bytes.</param>
internal sealed record ProxyHeader(IPEndPoint? Source, IPEndPoint? Destination, int Length)
{
    /// <summary>No header is longer: version 1 has 107 bytes at most by its definition; of version 2, whose extensions may go on, more than this is refused.</summary>
    public const int MostBytes = 4096;

    private const int MostText = 107;
    private const int BinaryStart = 16;

    private static ReadOnlySpan<byte> TextStart => "PROXY "u8;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Reads one from the first bytes of a connection.</summary>
    /// <param name="bytes">As many as have come; what is behind the header is not looked at.</param>
    /// <param name="header">The header when it is whole.</param>
    public static ProxyHeaderState TryRead(ReadOnlySpan<byte> bytes, out ProxyHeader? header)
    {
        header = null;
        if (bytes.IsEmpty)
        {
            return ProxyHeaderState.Partial;
        }

        return bytes[0] == TextStart[0] ? ReadText(bytes, out header) : ReadBinary(bytes, out header);
    }

    private static ProxyHeaderState ReadText(ReadOnlySpan<byte> bytes, out ProxyHeader? header)
    {
        header = null;
        var start = Math.Min(bytes.Length, TextStart.Length);
        if (!bytes[..start].SequenceEqual(TextStart[..start]))
        {
            return ProxyHeaderState.Malformed;
        }

        var line = bytes[..Math.Min(bytes.Length, MostText)];
        var end = line.IndexOf("\r\n"u8);
        if (end < 0)
        {
            return line.Length < MostText ? ProxyHeaderState.Partial : ProxyHeaderState.Malformed;
        }

        // Behind UNKNOWN there may be anything, and it means nothing.
        line = line[TextStart.Length..end];
        if (line.StartsWith("UNKNOWN"u8) && (line.Length == "UNKNOWN".Length || line["UNKNOWN".Length] == (byte)' '))
        {
            header = new ProxyHeader(null, null, end + 2);
            return ProxyHeaderState.Whole;
        }

        if (!Ascii.IsValid(line) || Encoding.ASCII.GetString(line).Split(' ') is not [var protocol, var source, var destination, var sourcePort, var destinationPort])
        {
            return ProxyHeaderState.Malformed;
        }

        AddressFamily? family = protocol switch { "TCP4" => AddressFamily.InterNetwork, "TCP6" => AddressFamily.InterNetworkV6, _ => null };
        if (End(family, source, sourcePort) is not { } from || End(family, destination, destinationPort) is not { } to)
        {
            return ProxyHeaderState.Malformed;
        }

        header = new ProxyHeader(from, to, end + 2);
        return ProxyHeaderState.Whole;
    }

    private static IPEndPoint? End(AddressFamily? family, string address, string port) =>
        !address.AsSpan().ContainsAny('%', '[') && IPAddress.TryParse(address, out var parsed) && parsed.AddressFamily == family
        && (family == AddressFamily.InterNetworkV6 || parsed.ToString() == address)
        && ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number.ToString(CultureInfo.InvariantCulture) == port
            ? new IPEndPoint(parsed.Unmapped(), number)
            : null;

    private static ProxyHeaderState ReadBinary(ReadOnlySpan<byte> bytes, out ProxyHeader? header)
    {
        header = null;
        var start = Math.Min(bytes.Length, Signature.Length);
        if (!bytes[..start].SequenceEqual(Signature[..start]))
        {
            return ProxyHeaderState.Malformed;
        }

        if (bytes.Length < BinaryStart)
        {
            // Version and command are refused as soon as they are there.
            return bytes.Length > Signature.Length && bytes[12] is not (0x20 or 0x21) ? ProxyHeaderState.Malformed : ProxyHeaderState.Partial;
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        var addressBytes = bytes[13] switch
        {
            0x11 or 0x12 => 4,
            0x21 or 0x22 => 16,
            0x00 or 0x31 or 0x32 => 0,
            _ => -1,
        };
        if (bytes[12] is not (0x20 or 0x21) || BinaryStart + length > MostBytes)
        {
            return ProxyHeaderState.Malformed;
        }

        // LOCAL: the load balancer speaks for itself, whatever it says of addresses.
        var local = bytes[12] == 0x20;
        if (!local && (addressBytes < 0 || (addressBytes > 0 && length < (2 * addressBytes) + 4)))
        {
            return ProxyHeaderState.Malformed;
        }

        if (bytes.Length < BinaryStart + length)
        {
            return ProxyHeaderState.Partial;
        }

        // Of a TCP connection only TCP's addresses are the connection's.
        header = !local && bytes[13] is (0x11 or 0x21)
            ? new ProxyHeader(
                End(bytes.Slice(BinaryStart, addressBytes), bytes[(BinaryStart + (2 * addressBytes))..]),
                End(bytes.Slice(BinaryStart + addressBytes, addressBytes), bytes[(BinaryStart + (2 * addressBytes) + 2)..]),
                BinaryStart + length)
            : new ProxyHeader(null, null, BinaryStart + length);
        return ProxyHeaderState.Whole;
    }

    private static IPEndPoint End(ReadOnlySpan<byte> address, ReadOnlySpan<byte> port) =>
        new(new IPAddress(address).Unmapped(), BinaryPrimitives.ReadUInt16BigEndian(port));
}
