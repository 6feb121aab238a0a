using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Fairlead.Linux.Addresses;

/// <summary>
/// An IPv4 or IPv6 address as a value: no allocation to hold, compare or hash one.
/// The default value is no address at all (<see cref="IsNone"/>).
/// </summary>
public readonly struct IpAddr : IEquatable<IpAddr>, IComparable<IpAddr>
{
    // Four words rather than one number, whose alignment would make each address 32 bytes: a cluster's endpoints are held by the hundred thousand.
    private readonly uint _word3;
    private readonly uint _word2;
    private readonly uint _word1;
    private readonly uint _word0;
    private readonly byte _family;

    private IpAddr(UInt128 value, byte family)
    {
        (_word3, _word2, _word1, _word0) = ((uint)(value >> 96), (uint)(value >> 64), (uint)(value >> 32), (uint)value);
        _family = family;
    }

    /// <summary>True for the default value, which is no address.</summary>
    public bool IsNone => _family == 0;

    /// <summary>True for IPv4.</summary>
    public bool IsV4 => _family == 4;

    /// <summary>The family; asking the default value for it is a programming error.</summary>
    public IpFamily Family => _family switch
    {
        4 => IpFamily.V4,
        6 => IpFamily.V6,
        _ => throw new InvalidOperationException("no address has no family"),
    };

    /// <summary>The address as a number; IPv4 in the low 32 bits.</summary>
    public UInt128 Value => new(High, Low);

    private ulong High => ((ulong)_word3 << 32) | _word2;

    private ulong Low => ((ulong)_word1 << 32) | _word0;

    /// <summary>Makes an address of <paramref name="family"/> from its number.</summary>
    public static IpAddr FromValue(IpFamily family, UInt128 value) => new(value, family == IpFamily.V4 ? (byte)4 : (byte)6);

    /// <summary>Makes an address from 4 or 16 bytes in network order; any other length is an error.</summary>
    public static IpAddr FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        4 => new(BinaryPrimitives.ReadUInt32BigEndian(bytes), 4),
        16 => new(BinaryPrimitives.ReadUInt128BigEndian(bytes), 6),
        _ => throw new ArgumentException("an address has 4 or 16 bytes", nameof(bytes)),
    };

    /// <summary>Converts from the framework's type. Scope ids are dropped.</summary>
    public static IpAddr From(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (!address.TryWriteBytes(bytes, out var written))
        {
            throw new ArgumentException("not an IP address", nameof(address));
        }

        return FromBytes(bytes[..written]);
    }

    /// <summary>
    /// Reads the canonical text forms (RFC 4291 for IPv6; dotted decimal without leading zeros for IPv4).
    /// IPv4-mapped IPv6, scope ids and shortened IPv4 are refused, as Kubernetes' strict validation does (KEP-4858).
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out IpAddr address)
    {
        address = default;
        if (string.IsNullOrEmpty(text) || text.Length > 45 || text.AsSpan().ContainsAny('%', '[', ' ') || !IPAddress.TryParse(text, out var parsed))
        {
            return false;
        }

        if (parsed.AddressFamily == AddressFamily.InterNetwork ? parsed.ToString() != text : parsed.IsIPv4MappedToIPv6)
        {
            return false;
        }

        address = From(parsed);
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, for text known to be an address; otherwise a <see cref="FormatException"/>.</summary>
    public static IpAddr Parse(string text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not an IP address");

    /// <summary>Writes the address in network order; returns the number of bytes, 4 or 16.</summary>
    public int WriteBytes(Span<byte> destination)
    {
        if (IsV4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, _word0);
            return 4;
        }

        BinaryPrimitives.WriteUInt128BigEndian(destination, Value);
        return 16;
    }

    /// <summary>The address in network order: 4 or 16 bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Family.Bytes];
        WriteBytes(bytes);
        return bytes;
    }

    /// <summary>The framework's type, for sockets.</summary>
    public IPAddress ToIPAddress() => new(ToBytes());

    /// <summary>
    /// True where Kubernetes forbids an address as endpoint: unspecified, loopback, link-local or multicast (CVE-2021-25737).
    /// </summary>
    public bool IsSpecial => IsV4
        ? _word0 == 0 || (_word0 >> 24) == 127 || (_word0 >> 16) == 0xA9FE || (_word0 >> 28) == 0xE
        : (High == 0 && Low <= 1) || (High >> 54) == 0x3FA || (High >> 56) == 0xFF;

    /// <inheritdoc/>
    public bool Equals(IpAddr other) => Low == other.Low && High == other.High && _family == other._family;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IpAddr other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Low, High, _family);

    /// <summary>Orders IPv4 before IPv6, then by number.</summary>
    public int CompareTo(IpAddr other) => _family != other._family ? _family.CompareTo(other._family) : Value.CompareTo(other.Value);

    /// <summary>The canonical text (RFC 5952 for IPv6); empty for the default value.</summary>
    public override string ToString() => IsNone ? "" : ToIPAddress().ToString();

    /// <summary>Equality by value.</summary>
    public static bool operator ==(IpAddr left, IpAddr right) => left.Equals(right);

    /// <summary>Inequality by value.</summary>
    public static bool operator !=(IpAddr left, IpAddr right) => !left.Equals(right);

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator <(IpAddr left, IpAddr right) => left.CompareTo(right) < 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator >(IpAddr left, IpAddr right) => left.CompareTo(right) > 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator <=(IpAddr left, IpAddr right) => left.CompareTo(right) <= 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator >=(IpAddr left, IpAddr right) => left.CompareTo(right) >= 0;
}
