using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Kubernetes;

/// <summary>Names that spell an address: reverse names and pod names. Nothing is allocated.</summary>
internal static class AddressNames
{
    private static readonly byte[] InAddr = DnsName.Encode("in-addr.arpa");
    private static readonly byte[] Ip6 = DnsName.Encode("ip6.arpa");

    /// <summary>Whether a zone, dotted and in lower case, is one of reverse names.</summary>
    public static bool IsReverse(string zone) =>
        zone is "in-addr.arpa" or "ip6.arpa" || zone.EndsWith(".in-addr.arpa", StringComparison.Ordinal) || zone.EndsWith(".ip6.arpa", StringComparison.Ordinal);

    /// <summary>Reads a reverse name of a whole address: 4 labels under in-addr.arpa, or 32 under ip6.arpa (RFC 1035 §3.5, RFC 3596 §2.5).</summary>
    public static bool TryReverse(scoped QueryName name, out IpAddr address)
    {
        address = default;
        UInt128 value = 0;
        if (name.LabelsBefore(InAddr, 2) == 4)
        {
            for (var i = 3; i >= 0; i--)
            {
                if (!TryOctet(name.Label(i), out var octet))
                {
                    return false;
                }

                value = (value << 8) | octet;
            }

            address = IpAddr.FromValue(IpFamily.V4, value);
            return true;
        }

        if (name.LabelsBefore(Ip6, 2) != 32)
        {
            return false;
        }

        for (var i = 31; i >= 0; i--)
        {
            if (name.Label(i).Length != 1 || !TryHex(name.Label(i)[0], out var nibble))
            {
                return false;
            }

            value = (value << 4) | nibble;
        }

        address = IpAddr.FromValue(IpFamily.V6, value);
        return true;
    }

    /// <summary>The reverse name of an address, the other way of <see cref="TryReverse"/>.</summary>
    /// <param name="address">The address.</param>
    /// <param name="scratch">Room for <see cref="DnsReader.MaxName"/> bytes.</param>
    public static ReadOnlySpan<byte> Reverse(IpAddr address, Span<byte> scratch)
    {
        var length = 0;
        for (var (value, left) = (address.Value, address.IsV4 ? 4 : 32); left > 0; left--)
        {
            var at = scratch[(length + 1)..];
            var written = 1;
            if (address.IsV4)
            {
                ((byte)value).TryFormat(at, out written, provider: System.Globalization.CultureInfo.InvariantCulture);
                value >>= 8;
            }
            else
            {
                at[0] = "0123456789abcdef"u8[(int)(value & 15)];
                value >>= 4;
            }

            scratch[length] = (byte)written;
            length += 1 + written;
        }

        var root = address.IsV4 ? InAddr : Ip6;
        root.CopyTo(scratch[length..]);
        return scratch[..(length + root.Length)];
    }

    /// <summary>Reads a pod's name: an address with dashes for dots (three of them) or colons.</summary>
    public static bool TryDashed(ReadOnlySpan<byte> label, out IpAddr address)
    {
        if (label.Count((byte)'-') == 3 && label.IndexOf("--"u8) < 0)
        {
            return TryDashedV4(label, out address);
        }

        return TryDashedV6(label, out address);
    }

    private static bool TryDashedV4(ReadOnlySpan<byte> label, out IpAddr address)
    {
        (address, UInt128 value) = (default, 0);
        foreach (var part in label.Split((byte)'-'))
        {
            if (!TryOctet(label[part], out var octet))
            {
                return false;
            }

            value = (value << 8) | octet;
        }

        address = IpAddr.FromValue(IpFamily.V4, value);
        return true;
    }

    private static bool TryDashedV6(ReadOnlySpan<byte> label, out IpAddr address)
    {
        address = default;
        var gap = label.IndexOf("--"u8);
        UInt128 high = 0;
        UInt128 low = 0;
        int highGroups;
        var lowGroups = 0;
        if (gap < 0)
        {
            if (!TryGroups(label, out high, out highGroups) || highGroups != 8)
            {
                return false;
            }

            address = IpAddr.FromValue(IpFamily.V6, high);
            return true;
        }

        if (!TryGroups(label[..gap], out high, out highGroups) || !TryGroups(label[(gap + 2)..], out low, out lowGroups) || highGroups + lowGroups > 7)
        {
            return false;
        }

        // A shift by 128 would be one by 0: no group before the gap means nothing above it.
        address = IpAddr.FromValue(IpFamily.V6, (highGroups == 0 ? 0 : high << (16 * (8 - highGroups))) | low);
        return true;
    }

    private static bool TryGroups(ReadOnlySpan<byte> text, out UInt128 value, out int groups)
    {
        (value, groups) = (0, 0);
        if (text.IsEmpty)
        {
            return true;
        }

        foreach (var part in text.Split((byte)'-'))
        {
            var group = text[part];
            if (group.Length is 0 or > 4 || ++groups > 8)
            {
                return false;
            }

            uint number = 0;
            foreach (var c in group)
            {
                if (!TryHex(c, out var digit))
                {
                    return false;
                }

                number = (number << 4) | digit;
            }

            value = (value << 16) | number;
        }

        return true;
    }

    private static bool TryOctet(ReadOnlySpan<byte> text, out uint octet)
    {
        octet = 0;
        if (text.Length is 0 or > 3 || (text.Length > 1 && text[0] == (byte)'0'))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiDigit((char)c))
            {
                return false;
            }

            octet = (octet * 10) + c - '0';
        }

        return octet <= 255;
    }

    private static bool TryHex(byte c, out uint digit)
    {
        digit = c switch
        {
            >= (byte)'0' and <= (byte)'9' => (uint)(c - '0'),
            >= (byte)'a' and <= (byte)'f' => (uint)(c - 'a' + 10),
            _ => 16,
        };
        return digit < 16;
    }
}
