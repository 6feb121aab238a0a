using System.Diagnostics.CodeAnalysis;
using Fairlead.Linux.Addresses;

namespace Fairlead.Balancer.Allocate;

/// <summary>Addresses from <see cref="First"/> to <see cref="Last"/>, both included, of one family.</summary>
public readonly record struct AddressRange
{
    private AddressRange(IpAddr first, IpAddr last) => (First, Last) = (first, last);

    /// <summary>The lowest address.</summary>
    public IpAddr First { get; }

    /// <summary>The highest address; not below the lowest.</summary>
    public IpAddr Last { get; }

    /// <summary>Reads <c>first-last</c> or a CIDR, which means all its addresses.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out AddressRange range)
    {
        range = default;
        if (IpNet.TryParse(text, out var net))
        {
            range = new AddressRange(net.Address, net.Last);
            return true;
        }

        var ends = text?.Split('-');
        if (ends is not { Length: 2 } || !IpAddr.TryParse(ends[0], out var first) || !IpAddr.TryParse(ends[1], out var last)
            || first.IsV4 != last.IsV4 || last < first)
        {
            return false;
        }

        range = new AddressRange(first, last);
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, for text known to be a range; otherwise a <see cref="FormatException"/>.</summary>
    public static AddressRange Parse(string text) => TryParse(text, out var range)
        ? range
        : throw new FormatException($"'{text}' is not a range of addresses: write first-last, as 172.30.255.1-172.30.255.254, or a CIDR");

    /// <summary>True when the address lies in the range.</summary>
    public bool Contains(IpAddr address) => address.IsV4 == First.IsV4 && !address.IsNone && address >= First && address <= Last;

    /// <summary><c>first-last</c>.</summary>
    public override string ToString() => $"{First}-{Last}";
}
