using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Fairlead.Linux.Addresses;

/// <summary>A range of addresses in CIDR form. <see cref="Address"/> has its host bits cleared.</summary>
public readonly record struct IpNet : IComparable<IpNet>
{
    /// <summary>Makes a range; host bits of <paramref name="address"/> are cleared.</summary>
    /// <param name="address">Any address of the range.</param>
    /// <param name="prefix">Prefix length, 0 to 32 or 128.</param>
    public IpNet(IpAddr address, int prefix)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(prefix);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefix, address.Family.Bits);
        Prefix = prefix;
        Address = IpAddr.FromValue(address.Family, address.Value & ~HostMask(address.Family, prefix));
    }

    /// <summary>The first address of the range.</summary>
    public IpAddr Address { get; }

    /// <summary>Prefix length in bits.</summary>
    public int Prefix { get; }

    /// <summary>The last address of the range.</summary>
    public IpAddr Last => IpAddr.FromValue(Address.Family, Address.Value | HostMask(Address.Family, Prefix));

    /// <summary>The range that holds one address only: /32 or /128.</summary>
    public static IpNet Single(IpAddr address) => new(address, address.Family.Bits);

    /// <summary>Reads <c>address/prefix</c>. Host bits may be set; the text of the address is strict as in <see cref="IpAddr.TryParse"/>.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out IpNet net)
    {
        net = default;
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash <= 0 || !IpAddr.TryParse(text![..slash], out var address)
            || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var prefix) || prefix > address.Family.Bits)
        {
            return false;
        }

        net = new IpNet(address, prefix);
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, for text known to be a CIDR; otherwise a <see cref="FormatException"/>.</summary>
    public static IpNet Parse(string text) => TryParse(text, out var net) ? net : throw new FormatException($"'{text}' is not a CIDR");

    /// <summary>True when <paramref name="address"/> lies in the range (never across families).</summary>
    public bool Contains(IpAddr address) =>
        address.IsV4 == Address.IsV4 && !address.IsNone && (address.Value & ~HostMask(address.Family, Prefix)) == Address.Value;

    /// <summary>True when every address of <paramref name="other"/> lies in this range.</summary>
    public bool Contains(IpNet other) => other.Prefix >= Prefix && Contains(other.Address);

    /// <summary>True when the ranges share an address.</summary>
    public bool Overlaps(IpNet other) => Contains(other.Address) || other.Contains(Address);

    /// <summary>The address <paramref name="offset"/> places after the first.</summary>
    public IpAddr At(UInt128 offset) => IpAddr.FromValue(Address.Family, Address.Value + offset);

    /// <inheritdoc/>
    public int CompareTo(IpNet other)
    {
        var byAddress = Address.CompareTo(other.Address);
        return byAddress != 0 ? byAddress : Prefix.CompareTo(other.Prefix);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{Prefix}";

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator <(IpNet left, IpNet right) => left.CompareTo(right) < 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator >(IpNet left, IpNet right) => left.CompareTo(right) > 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator <=(IpNet left, IpNet right) => left.CompareTo(right) <= 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator >=(IpNet left, IpNet right) => left.CompareTo(right) >= 0;

    private static UInt128 HostMask(IpFamily family, int prefix)
    {
        var hostBits = family.Bits - prefix;
        return hostBits >= 128 ? UInt128.MaxValue : (UInt128.One << hostBits) - 1;
    }
}
