using System.Globalization;
using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Cells as kubectl's users know them.</summary>
internal static class Print
{
    public const string None = "<none>";

    public const string Unknown = "<unknown>";

    public static JsonNode? Name(JsonObject obj) => obj.Text("metadata", "name") ?? "";

    public static JsonNode? Age(JsonObject obj, DateTimeOffset now) => Since(obj.Text("metadata", "creationTimestamp"), now);

    /// <summary>The time passed since <paramref name="timestamp"/> (RFC 3339), in one or two units.</summary>
    public static string Since(string? timestamp, DateTimeOffset now) => ParseTime(timestamp) is { } time ? Duration(now - time) : Unknown;

    public static DateTimeOffset? ParseTime(string? timestamp) => DateTimeOffset.TryParse(
        timestamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;

    /// <summary>A duration as kubectl shows ages: <c>59s</c>, <c>2m5s</c>, <c>3h12m</c>, <c>5d</c>, <c>2y30d</c>.</summary>
    public static string Duration(TimeSpan span)
    {
        var seconds = (long)span.TotalSeconds;
        var (minutes, hours) = (seconds / 60, seconds / 3600);
        var days = hours / 24;
        return seconds < -1 ? "<invalid>"
            : seconds < 0 ? "0s"
            : seconds < 120 ? Unit(seconds, "s")
            : minutes < 10 ? Units(minutes, "m", seconds % 60, "s")
            : minutes < 180 ? Unit(minutes, "m")
            : hours < 8 ? Units(hours, "h", minutes % 60, "m")
            : hours < 48 ? Unit(hours, "h")
            : hours < 192 ? Units(days, "d", hours % 24, "h")
            : days < 730 ? Unit(days, "d")
            : days < 2920 ? Units(days / 365, "y", days % 365, "d")
            : Unit(days / 365, "y");
    }

    /// <summary>A map as <c>a=b,c=d</c> in key order; <c>&lt;none&gt;</c> when empty.</summary>
    public static string Map(JsonObject? map)
    {
        var pairs = map.Pairs().OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}").ToArray();
        return pairs.Length == 0 ? None : string.Join(',', pairs);
    }

    /// <summary>A label selector as kubectl writes it; <c>&lt;none&gt;</c> when it selects everything.</summary>
    public static string Selector(JsonObject? selector)
    {
        var parts = selector.Object("matchLabels").Pairs().OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}")
            .Concat(selector.List("matchExpressions").Items().Select(item => Requirement(item.Item))).ToArray();
        return parts.Length == 0 ? None : string.Join(',', parts);
    }

    /// <summary>Where a load balancer takes an object's traffic: addresses and names, each once, sorted.</summary>
    public static IEnumerable<string> LoadBalancerAddresses(JsonObject obj) => obj.List("status", "loadBalancer", "ingress").Items()
        .Select(item => item.Item.Text("ip") is { Length: > 0 } ip ? ip : item.Item.Text("hostname") ?? "")
        .Where(text => text.Length > 0).Order(StringComparer.Ordinal).Distinct();

    /// <summary>The first <paramref name="max"/> texts, then how many more there are.</summary>
    public static string AtMost(IReadOnlyCollection<string> texts, int max) => texts.Count == 0 ? None
        : texts.Count <= max ? string.Join(',', texts)
        : string.Create(CultureInfo.InvariantCulture, $"{string.Join(',', texts.Take(max))} + {texts.Count - max} more...");

    private static string Requirement(JsonObject requirement)
    {
        var key = requirement.Text("key") ?? "";
        var values = string.Join(',', requirement.List("values").Texts().Order(StringComparer.Ordinal));
        return requirement.Text("operator") switch
        {
            "In" => $"{key} in ({values})",
            "NotIn" => $"{key} notin ({values})",
            "DoesNotExist" => $"!{key}",
            _ => key,
        };
    }

    private static string Unit(long count, string unit) => string.Create(CultureInfo.InvariantCulture, $"{count}{unit}");

    private static string Units(long count, string unit, long rest, string restUnit) =>
        rest == 0 ? Unit(count, unit) : Unit(count, unit) + Unit(rest, restUnit);
}
