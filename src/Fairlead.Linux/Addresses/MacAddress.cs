using System.Buffers.Binary;
using System.Globalization;

namespace Fairlead.Linux.Addresses;

/// <summary>An Ethernet address as a value. The default value is 00:00:00:00:00:00, which is none.</summary>
/// <param name="Value">The 48 bits, first octet highest.</param>
public readonly record struct MacAddress(ulong Value)
{
    /// <summary>ff:ff:ff:ff:ff:ff.</summary>
    public static readonly MacAddress Broadcast = new(0xFFFF_FFFF_FFFF);

    /// <summary>Number of bytes on the wire.</summary>
    public const int Size = 6;

    /// <summary>True for the default value.</summary>
    public bool IsNone => Value == 0;

    /// <summary>Makes one from 6 bytes; any other length is an error.</summary>
    public static MacAddress FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length == Size
        ? new(((ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32) | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]))
        : throw new ArgumentException("an Ethernet address has 6 bytes", nameof(bytes));

    /// <summary>A locally administered unicast address made of 46 bits of <paramref name="seed"/>.</summary>
    public static MacAddress Local(ulong seed) => new((seed & 0xFCFF_FFFF_FFFF) | 0x0200_0000_0000);

    /// <summary>Writes the 6 bytes.</summary>
    public void WriteBytes(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)(Value >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(destination[2..], (uint)Value);
    }

    /// <summary>Six octets in hexadecimal with colons, lower case.</summary>
    public override string ToString()
    {
        var hex = Value.ToString("x12", CultureInfo.InvariantCulture);
        return string.Join(':', Enumerable.Range(0, Size).Select(i => hex.Substring(i * 2, 2)));
    }
}
