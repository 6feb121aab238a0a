using System.Globalization;

namespace Fairlead.Pods.Spec;

/// <summary>Reads an amount, of memory mostly, as the API writes it (apimachinery's resource.Quantity): a decimal number with a binary, decimal or exponent suffix.</summary>
internal static class MemoryQuantity
{
    private static readonly Dictionary<string, decimal> Factors = new(StringComparer.Ordinal)
    {
        [""] = 1,
        ["n"] = 1e-9m,
        ["u"] = 1e-6m,
        ["m"] = 0.001m,
        ["k"] = 1e3m,
        ["M"] = 1e6m,
        ["G"] = 1e9m,
        ["T"] = 1e12m,
        ["P"] = 1e15m,
        ["E"] = 1e18m,
        ["Ki"] = 1L << 10,
        ["Mi"] = 1L << 20,
        ["Gi"] = 1L << 30,
        ["Ti"] = 1L << 40,
        ["Pi"] = 1L << 50,
        ["Ei"] = 1L << 60,
    };

    /// <summary>Bytes, rounded up; 0 when there is none or it is more than can be told.</summary>
    internal static long Bytes(string text) => Value(text) is > 0 and var bytes && bytes < long.MaxValue ? (long)Math.Ceiling(bytes) : 0;

    /// <summary>The amount, in whole units of anything; 0 when it is none, negative or beyond 10^27.</summary>
    internal static decimal Value(string text)
    {
        var end = text.AsSpan().LastIndexOfAnyInRange('0', '9') + 1;
        return decimal.TryParse(text.AsSpan(0, end), NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
            && Factors.TryGetValue(text[end..], out var factor) && number > 0 && number < 1e27m / Math.Max(1, factor) ? number * factor : 0;
    }
}
