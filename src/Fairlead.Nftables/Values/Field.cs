using System.Buffers.Binary;
using System.Text;

namespace Fairlead.Nftables.Values;

/// <summary>One value as it lies in a register, 1 to 16 bytes. Made by conversion: <c>Datum.Of(address, IpProtocol.Tcp, (ushort)80)</c>.</summary>
public readonly struct Field : IEquatable<Field>
{
    private readonly UInt128 _bytes;

    private Field(UInt128 bytes, int length)
    {
        _bytes = bytes;
        Length = length;
    }

    /// <summary>Number of bytes.</summary>
    public int Length { get; }

    /// <summary>An address, 4 or 16 bytes.</summary>
    public static implicit operator Field(IpAddr address) => new(address.Value, address.Family.Bytes);

    /// <summary>A transport protocol, one byte.</summary>
    public static implicit operator Field(IpProtocol protocol) => new((byte)protocol, 1);

    /// <summary>A port, two bytes in network order.</summary>
    public static implicit operator Field(ushort port) => new(port, 2);

    /// <summary>A mark, priority, state, index or number: four bytes in the machine's order.</summary>
    public static implicit operator Field(uint number) =>
        new(BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(number) : number, 4);

    /// <summary>One byte.</summary>
    public static implicit operator Field(byte value) => new(value, 1);

    /// <summary>An interface's name, at most 15 bytes of ASCII, padded to 16.</summary>
    public static implicit operator Field(string interfaceName)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        if (interfaceName.Length is 0 or > 15)
        {
            throw new ArgumentException($"'{interfaceName}' is not an interface name: it has 1 to 15 characters", nameof(interfaceName));
        }

        Encoding.ASCII.GetBytes(interfaceName, bytes);
        return new Field(BinaryPrimitives.ReadUInt128BigEndian(bytes), 16);
    }

    /// <summary>Writes the bytes; the destination has at least <see cref="Length"/>.</summary>
    public void WriteTo(Span<byte> destination)
    {
        Span<byte> all = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(all, _bytes);
        all[(16 - Length)..].CopyTo(destination);
    }

    /// <inheritdoc/>
    public bool Equals(Field other) => Length == other.Length && _bytes == other._bytes;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Field other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine((ulong)_bytes, (ulong)(_bytes >> 64), Length);

    /// <summary>Equality by length and bytes.</summary>
    public static bool operator ==(Field left, Field right) => left.Equals(right);

    /// <summary>Inequality by length or bytes.</summary>
    public static bool operator !=(Field left, Field right) => !left.Equals(right);
}
