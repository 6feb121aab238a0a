namespace Fairlead.Nftables.Expressions;

/// <summary>The right side of a <see cref="Match"/>: a closed family.</summary>
public abstract record Operand
{
    private protected Operand()
    {
    }
}

/// <summary>One value.</summary>
public sealed record Exact(Datum Value) : Operand;

/// <summary>Every value from the first to the last, both included, as big-endian numbers.</summary>
public sealed record Between(Datum First, Datum Last) : Operand;

/// <summary>Every address of a range in CIDR form.</summary>
public sealed record InNet(IpNet Net) : Operand;

/// <summary>Every number whose bits under the mask are these: <c>meta mark &amp; 0xff00 == 0x1200</c>.</summary>
public sealed record Masked(uint Mask, uint Value) : Operand;

/// <summary>Every number with at least one of these bits: <c>ct state established,related</c>.</summary>
public sealed record AnyBit(uint Bits) : Operand;

/// <summary>Every interface name that starts so: <c>iifname "fl*"</c>.</summary>
public sealed record StartsWith(string Prefix) : Operand;
