using System.Globalization;

namespace Fairlead.Pods.Spec;

/// <summary>Reads an amount of memory as the API writes it (apimachinery's resource.Quantity): a decimal number with a binary, decimal or exponent suffix.</summary>
internal static class MemoryQuantity
{
    private static readonly Dictionary<string, decimal> Factors = new(StringComparer.Ordinal)
    {
        [""] = 1,
        ["m"] = 0.001m,
        ["k"] = 1e3m,
        ["M"] = 1e6m,
        ["G"] = 1e9m,
        ["T"] = 1e12m,
        ["P"] = 1e15m,
        ["Ki"] = 1L << 10,
        ["Mi"] = 1L << 20,
        ["Gi"] = 1L << 30,
        ["Ti"] = 1L << 40,
        ["Pi"] = 1L << 50,
    };

    /// <summary>Bytes, rounded up; 0 when there is none or it is more than can be told.</summary>
    internal static long Bytes(string text)
    {
        var end = text.AsSpan().LastIndexOfAnyInRange('0', '9') + 1;
        return decimal.TryParse(text.AsSpan(0, end), NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
            && Factors.TryGetValue(text[end..], out var factor) && number > 0 && number < long.MaxValue / factor
            ? (long)Math.Ceiling(number * factor) : 0;
    }
}
