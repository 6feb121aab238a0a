namespace Fairlead.Nftables.Values;

/// <summary>
/// A key or value as the kernel compares it: one field by its bytes, or several, each padded with zeros to a multiple of four.
/// The default value is empty and stands for "none".
/// </summary>
public readonly struct Datum : IEquatable<Datum>, IComparable<Datum>
{
    private readonly byte[]? _bytes;

    private Datum(byte[] bytes) => _bytes = bytes;

    /// <summary>No bytes.</summary>
    public bool IsEmpty => _bytes is null || _bytes.Length == 0;

    /// <summary>Number of bytes.</summary>
    public int Length => _bytes?.Length ?? 0;

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Concatenates fields.</summary>
    public static Datum Of(params ReadOnlySpan<Field> fields)
    {
        if (fields.Length == 1)
        {
            var single = new byte[fields[0].Length];
            fields[0].WriteTo(single);
            return new Datum(single);
        }

        var length = 0;
        foreach (var field in fields)
        {
            length += (field.Length + 3) & ~3;
        }

        var bytes = new byte[length];
        var at = 0;
        foreach (var field in fields)
        {
            field.WriteTo(bytes.AsSpan(at));
            at += (field.Length + 3) & ~3;
        }

        return new Datum(bytes);
    }

    /// <summary>Takes bytes in register layout.</summary>
    public static Datum FromBytes(ReadOnlySpan<byte> bytes) => new(bytes.ToArray());

    /// <summary>The next value as a big-endian number, or empty when this is the last one.</summary>
    internal Datum Next()
    {
        var bytes = Bytes.ToArray();
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            if (++bytes[i] != 0)
            {
                return new Datum(bytes);
            }
        }

        return default;
    }

    /// <summary>The value before this one as a big-endian number, or empty when this is zero.</summary>
    internal Datum Previous()
    {
        var bytes = Bytes.ToArray();
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            if (bytes[i]-- != 0)
            {
                return new Datum(bytes);
            }
        }

        return default;
    }

    /// <inheritdoc/>
    public bool Equals(Datum other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Datum other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    /// <summary>Orders by bytes, as big-endian numbers of equal length compare.</summary>
    public int CompareTo(Datum other) => Bytes.SequenceCompareTo(other.Bytes);

    /// <summary>The bytes in hexadecimal.</summary>
    public override string ToString() => Convert.ToHexStringLower(Bytes);

    /// <summary>Equality by bytes.</summary>
    public static bool operator ==(Datum left, Datum right) => left.Equals(right);

    /// <summary>Inequality by bytes.</summary>
    public static bool operator !=(Datum left, Datum right) => !left.Equals(right);

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator <(Datum left, Datum right) => left.CompareTo(right) < 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator >(Datum left, Datum right) => left.CompareTo(right) > 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator <=(Datum left, Datum right) => left.CompareTo(right) <= 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator >=(Datum left, Datum right) => left.CompareTo(right) >= 0;
}
