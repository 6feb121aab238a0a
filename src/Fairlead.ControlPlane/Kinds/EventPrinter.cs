using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The table of events, whichever API version they are read in.</summary>
internal static class EventPrinter
{
    public static IReadOnlyList<TableColumn> Columns { get; } =
    [
        new("Last Seen", Description: "When it last happened."),
        new("Type", Description: "Normal or Warning."),
        new("Reason", Description: "Explanation for programs."),
        new("Object", Description: "What it happened to."),
        TableColumn.Wide("Subobject", "Part of the object."),
        TableColumn.Wide("Source", "Who reports it."),
        new("Message", Description: "Explanation for people."),
        TableColumn.Wide("First Seen", "When it first happened."),
        new("Count", "integer", Description: "How often it happened.", Priority: 1),
        TableColumn.ObjectName with { Priority = 1 },
    ];

    /// <summary>The row of an event in its core/v1 form.</summary>
    public static IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now)
    {
        var first = Print.Since(obj.Text("firstTimestamp") ?? obj.Text("eventTime"), now);
        var last = obj.Text("lastTimestamp") is { } time ? Print.Since(time, now) : first;
        var count = obj.Number("count") is { } number and not 0 ? number : 1;
        if (obj.Object("series") is { } series)
        {
            (last, count) = (Print.Since(series.Text("lastObservedTime"), now), series.Number("count") ?? 0);
        }

        return
        [
            last,
            obj.Text("type") ?? "",
            obj.Text("reason") ?? "",
            Target(obj.Object("involvedObject")),
            obj.Text("involvedObject", "fieldPath") ?? "",
            Source(obj),
            (obj.Text("message") ?? "").Trim(),
            first,
            count,
            Print.Name(obj),
        ];
    }

    /// <summary>Who reported it, by the older field or by the newer.</summary>
    public static string Component(JsonObject obj) =>
        obj.Text("source", "component") is { Length: > 0 } component ? component : obj.Text("reportingComponent") ?? "";

    private static string Source(JsonObject obj)
    {
        var host = obj.Text("source", "component") is { Length: > 0 } ? obj.Text("source", "host") : obj.Text("reportingInstance");
        return string.IsNullOrEmpty(host) ? Component(obj) : $"{Component(obj)}, {host}";
    }

    private static string Target(JsonObject? involved)
    {
#pragma warning disable CA1308 // kubectl shows kinds in lower case
        var kind = (involved.Text("kind") ?? "").ToLowerInvariant();
#pragma warning restore CA1308
        return involved.Text("name") is { Length: > 0 } name ? $"{kind}/{name}" : kind;
    }
}
