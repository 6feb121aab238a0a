using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;

namespace Fairlead.ControlPlane.Apply;

/// <summary>Who owns which fields: an entry of <c>metadata.managedFields</c>.</summary>
internal sealed record FieldManagerEntry(string Manager, string Operation, string ApiVersion, string Subresource)
{
    public const string Apply = "Apply";

    public const string Update = "Update";

    /// <summary>Most entries of operation Update; the oldest are joined to one beyond that.</summary>
    private const int MostUpdates = 10;

    private const string Ancient = "ancient-changes";

    public string Time { get; init; } = "";

    public HashSet<string> Fields { get; init; } = [];

    /// <summary>True when both are of the same manager doing the same.</summary>
    public bool SameAs(FieldManagerEntry other) =>
        (Manager, Operation, ApiVersion, Subresource) == (other.Manager, other.Operation, other.ApiVersion, other.Subresource);

    /// <summary>How refusals name the manager.</summary>
    public string Describe() =>
        $"\"{Manager}\"" + (Subresource.Length > 0 ? $" with subresource \"{Subresource}\"" : "") + (Operation == Update ? $" using {ApiVersion}" : "");

    /// <summary>The entries of a document; none when they cannot be read.</summary>
    public static List<FieldManagerEntry> ReadAll(JsonObject? document)
    {
        var entries = new List<FieldManagerEntry>();
        foreach (var (_, item) in document.List("metadata", "managedFields").Items())
        {
            var entry = new FieldManagerEntry(
                item.Text("manager") ?? "", item.Text("operation") ?? "", item.Text("apiVersion") ?? "", item.Text("subresource") ?? "")
            {
                Time = item.Text("time") ?? "",
                Fields = FieldsV1.Read(item.Object("fieldsV1")),
            };
            if (entry.Operation is Apply or Update && entry.Fields.Count > 0)
            {
                entries.Add(entry);
            }
        }

        return entries;
    }

    /// <summary>Writes the entries that own anything into the metadata.</summary>
    public static void WriteAll(JsonObject metadata, IEnumerable<FieldManagerEntry> entries)
    {
        var kept = Bounded([.. entries.Where(entry => entry.Fields.Count > 0)]);
        if (kept.Count == 0)
        {
            metadata.Remove("managedFields");
            return;
        }

        metadata["managedFields"] = new JsonArray([.. kept
            .OrderBy(entry => entry.Operation, StringComparer.Ordinal)
            .ThenBy(entry => entry.Time, StringComparer.Ordinal)
            .ThenBy(entry => entry.Manager, StringComparer.Ordinal)
            .Select(entry => entry.ToJson())]);
    }

    private static List<FieldManagerEntry> Bounded(List<FieldManagerEntry> entries)
    {
        while (entries.Where(entry => entry.Operation == Update).OrderBy(entry => entry.Time, StringComparer.Ordinal).ToList() is { Count: > MostUpdates } updates)
        {
            var (first, second) = (updates[0], updates[1]);
            entries.Remove(first);
            entries.Remove(second);
            entries.Add(second with { Manager = Ancient, Subresource = "", Fields = [.. first.Fields, .. second.Fields] });
        }

        return entries;
    }

    private JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["manager"] = Manager,
            ["operation"] = Operation,
            ["apiVersion"] = ApiVersion,
            ["time"] = Time,
            ["fieldsType"] = "FieldsV1",
            ["fieldsV1"] = FieldsV1.Write(Fields),
        };
        if (Subresource.Length > 0)
        {
            json["subresource"] = Subresource;
        }

        return json;
    }
}
