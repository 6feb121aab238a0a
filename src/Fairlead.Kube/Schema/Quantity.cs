using System.Globalization;
using System.Numerics;

namespace Fairlead.Kube.Schema;

/// <summary>
/// An amount of a resource, such as <c>500m</c>, <c>1Gi</c> or <c>1e3</c> (apimachinery's resource.Quantity), exact to a billionth, rounded up.
/// </summary>
public readonly record struct Quantity : IComparable<Quantity>
{
    private const string Suffixes = "numkMGTPE";

    private static readonly BigInteger Nano = 1_000_000_000;

    private readonly BigInteger _nanos;
    private readonly Style _style;

    private Quantity(BigInteger nanos, Style style)
    {
        _nanos = nanos;
        _style = style;
    }

    private enum Style
    {
        Decimal,
        Binary,
        Exponent,
    }

    /// <summary>The amount, rounded up to a whole number; limited to the range of a long.</summary>
    public long Value => (long)BigInteger.Min(long.MaxValue, BigInteger.Max(long.MinValue, CeilingDivide(_nanos, Nano)));

    /// <summary>The amount in thousandths, rounded up, as processors are counted; limited to the range of a long.</summary>
    public long MilliValue => (long)BigInteger.Min(long.MaxValue, BigInteger.Max(long.MinValue, CeilingDivide(_nanos, 1_000_000)));

    /// <summary>-1, 0 or 1.</summary>
    public int Sign => _nanos.Sign;

    /// <summary>Reads an amount. Texts of more than 64 characters and exponents beyond 18 are refused.</summary>
    public static bool TryParse(string? text, out Quantity quantity)
    {
        quantity = default;
        if (string.IsNullOrEmpty(text) || text.Length > 64)
        {
            return false;
        }

        var end = text[0] is '+' or '-' ? 1 : 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
        {
            end++;
        }

        if (!TryParseNumber(text.AsSpan(0, end), out var digits, out var scale)
            || !TryParseSuffix(text[end..], out var style, out var exponent, out var factor))
        {
            return false;
        }

        var power = 9 + exponent - scale;
        var scaled = digits * factor;
        var nanos = power >= 0 ? scaled * BigInteger.Pow(10, power) : AwayFromZero(scaled, BigInteger.Pow(10, -power));
        quantity = new Quantity(nanos, style);
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(Quantity other) => _nanos.CompareTo(other._nanos);

    /// <summary>Equal amounts are equal, however written.</summary>
    public bool Equals(Quantity other) => _nanos == other._nanos;

    /// <inheritdoc/>
    public override int GetHashCode() => _nanos.GetHashCode();

    /// <summary>The canonical text: the largest suffix of its style that leaves a whole number.</summary>
    public override string ToString()
    {
        if (_nanos.IsZero)
        {
            return "0";
        }

        if (_style == Style.Binary && BigInteger.Abs(_nanos) >= 1024 * Nano && (_nanos % Nano).IsZero)
        {
            return BinaryText(_nanos / Nano);
        }

        var (number, power) = (_nanos, -9);
        while (power < 18 && (number % 1000).IsZero)
        {
            (number, power) = (number / 1000, power + 3);
        }

        var suffix = power == 0 ? "" : _style == Style.Exponent ? string.Create(CultureInfo.InvariantCulture, $"e{power}") : DecimalSuffix(power);
        return string.Create(CultureInfo.InvariantCulture, $"{number}{suffix}");
    }

    /// <summary>Order by amount.</summary>
    public static bool operator <(Quantity left, Quantity right) => left.CompareTo(right) < 0;

    /// <summary>Order by amount.</summary>
    public static bool operator >(Quantity left, Quantity right) => left.CompareTo(right) > 0;

    /// <summary>Order by amount.</summary>
    public static bool operator <=(Quantity left, Quantity right) => left.CompareTo(right) <= 0;

    /// <summary>Order by amount.</summary>
    public static bool operator >=(Quantity left, Quantity right) => left.CompareTo(right) >= 0;

    private static string BinaryText(BigInteger number)
    {
        var level = 0;
        while (level < 6 && (number % 1024).IsZero)
        {
            (number, level) = (number / 1024, level + 1);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{number}{(level == 0 ? "" : "KMGTPE"[level - 1] + "i")}");
    }

    private static string DecimalSuffix(int power) => power switch
    {
        -9 => "n",
        -6 => "u",
        -3 => "m",
        3 => "k",
        6 => "M",
        9 => "G",
        12 => "T",
        15 => "P",
        _ => "E",
    };

    private static bool TryParseNumber(ReadOnlySpan<char> text, out BigInteger digits, out int scale)
    {
        var dot = text.IndexOf('.');
        scale = dot < 0 ? 0 : text.Length - dot - 1;
        var plain = dot < 0 ? text.ToString() : string.Concat(text[..dot], text[(dot + 1)..]);
        return BigInteger.TryParse(plain, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out digits);
    }

    private static bool TryParseSuffix(string suffix, out Style style, out int exponent, out BigInteger factor)
    {
        (style, exponent, factor) = (Style.Decimal, 0, BigInteger.One);
        if (suffix.Length == 0)
        {
            return true;
        }

        if (suffix.Length == 2 && suffix[1] == 'i' && "KMGTPE".IndexOf(suffix[0], StringComparison.Ordinal) is >= 0 and var level)
        {
            (style, factor) = (Style.Binary, BigInteger.Pow(1024, level + 1));
            return true;
        }

        if (suffix.Length == 1 && Suffixes.IndexOf(suffix[0], StringComparison.Ordinal) is >= 0 and var index)
        {
            exponent = suffix[0] switch { 'n' => -9, 'u' => -6, 'm' => -3, _ => (index - 2) * 3 };
            return true;
        }

        style = Style.Exponent;
        return suffix[0] is 'e' or 'E' && int.TryParse(suffix.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent)
            && exponent is >= -18 and <= 18;
    }

    private static BigInteger CeilingDivide(BigInteger value, BigInteger divisor)
    {
        var quotient = BigInteger.DivRem(value, divisor, out var rest);
        return rest.Sign > 0 ? quotient + 1 : quotient;
    }

    private static BigInteger AwayFromZero(BigInteger value, BigInteger divisor)
    {
        var quotient = BigInteger.DivRem(value, divisor, out var rest);
        return quotient + rest.Sign;
    }
}
