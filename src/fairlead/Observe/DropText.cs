using System.Globalization;
using Fairlead.Policy.Drops;

namespace Fairlead.Observe;

/// <summary>A drop as one line for a person. Pure.</summary>
internal static class DropText
{
    /// <summary><c>Nov 28 03:01:02.123 fairlead-2 in: default/web:43122 -> shop/api:8080 TCP via svc/shop/api:80: isolated by …</c></summary>
    /// <param name="drop">The record.</param>
    /// <param name="zone">The reader's time zone.</param>
    public static string Line(DropRecord drop, TimeZoneInfo zone)
    {
        var time = TimeZoneInfo.ConvertTime(drop.Time, zone).ToString("MMM dd HH:mm:ss.fff", CultureInfo.InvariantCulture);
        var type = drop.IcmpType is { } icmp ? $" type {icmp}" : "";
        var via = drop.Via is null ? "" : $" via {drop.Via}";
        var times = drop.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" (x{drop.Count})");
        return $"{time} {drop.Node} {drop.Direction}: {drop.From} -> {drop.To} {drop.Protocol}{type}{via}: {drop.Words}{times}";
    }

    /// <summary>How far back one looked, in words: <c>37 s</c>, <c>5 min</c>.</summary>
    public static string Span(double seconds) => seconds < 120
        ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s ({seconds / 60:0} min)");

    /// <summary>Reads <c>90s</c>, <c>5m</c>, <c>1h30m</c>, <c>250ms</c>, as kubectl's <c>--since</c>.</summary>
    public static bool TryParseSpan(string text, out TimeSpan span)
    {
        span = default;
        var (at, total) = (0, 0.0);
        while (at < text.Length)
        {
            var digits = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
            {
                at++;
            }

            var unit = at;
            while (at < text.Length && char.IsAsciiLetter(text[at]))
            {
                at++;
            }

            var seconds = text[unit..at] switch { "ms" => 0.001, "s" => 1, "m" => 60, "h" => 3600, _ => 0.0 };
            if (seconds == 0 || !double.TryParse(text.AsSpan(digits, unit - digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            total += number * seconds;
        }

        if (total is <= 0 or > 1e9)
        {
            return false;
        }

        span = TimeSpan.FromSeconds(total);
        return true;
    }
}
