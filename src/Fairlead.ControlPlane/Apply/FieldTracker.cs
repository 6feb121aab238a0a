using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;

namespace Fairlead.ControlPlane.Apply;

/// <summary>
/// Keeps <c>metadata.managedFields</c> of documents about to be stored. What our own controllers create carries none, and gets them with the first
/// server-side apply; from then on, and for what clients create, every write moves ownership to whoever changed a field.
/// </summary>
internal static class FieldTracker
{
    private const string Controllers = "fairlead";

    /// <summary>Sets the managed fields of a new document.</summary>
    public static void Created(KindDefinition kind, JsonObject value, WriteOptions options, DateTimeOffset now)
    {
        // Nobody applies these, and they are written more often than anything else.
        if (options.FieldManager.Length == 0 || kind.Type.Kind is "Event" or "Lease")
        {
            return;
        }

        var operation = options.AppliedFields is null ? FieldManagerEntry.Update : FieldManagerEntry.Apply;
        var fields = options.AppliedFields ?? FieldWalk.Fields(kind, value, "").Keys;
        FieldManagerEntry.WriteAll(ObjectMeta.Of(value), [new(options.FieldManager, operation, kind.Type.ApiVersion, "")
        {
            Time = SystemMetadata.Time(now), Fields = [.. fields],
        }]);
    }

    /// <summary>Moves ownership of what <paramref name="value"/> has otherwise than <paramref name="old"/>.</summary>
    public static void Updated(
        KindDefinition kind, JsonObject value, JsonObject old, string subresource, WriteOptions options, DateTimeOffset now)
    {
        if (options.AppliedFields is not null)
        {
            return;
        }

        var entries = Base(value, old);
        var metadata = ObjectMeta.Of(value);
        if (entries.Count == 0)
        {
            metadata.Remove("managedFields");
            return;
        }

        var (changed, removed) = Compare(kind, old, value, subresource);
        if (changed.Count > 0 || removed.Count > 0)
        {
            entries = Taken(entries, changed, removed);
            var mine = new FieldManagerEntry(
                options.FieldManager.Length == 0 ? Controllers : options.FieldManager, FieldManagerEntry.Update, kind.Type.ApiVersion,
                subresource is "binding" or "finalize" ? "" : subresource);
            var before = entries.FirstOrDefault(entry => entry.SameAs(mine));
            entries.RemoveAll(entry => entry.SameAs(mine));
            entries.Add(mine with { Time = SystemMetadata.Time(now), Fields = [.. before?.Fields ?? [], .. changed] });
        }

        FieldManagerEntry.WriteAll(metadata, entries);
    }

    /// <summary>Fields added or changed between two documents, and fields that are gone.</summary>
    public static (HashSet<string> Changed, HashSet<string> Removed) Compare(KindDefinition kind, JsonObject old, JsonObject value, string subresource)
    {
        var before = FieldWalk.Fields(kind, old, subresource);
        var after = FieldWalk.Fields(kind, value, subresource);
        var changed = after.Where(pair => !before.TryGetValue(pair.Key, out var was) || !JsonNode.DeepEquals(was, pair.Value)).Select(pair => pair.Key);
        return (changed.ToHashSet(StringComparer.Ordinal), before.Keys.Where(path => !after.ContainsKey(path)).ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>Entries without the fields that somebody else took or that are gone.</summary>
    public static List<FieldManagerEntry> Taken(IEnumerable<FieldManagerEntry> entries, HashSet<string> changed, HashSet<string> removed) =>
        [.. entries.Select(entry => entry with { Fields = [.. entry.Fields.Where(path => !changed.Contains(path) && !removed.Contains(path))] })];

    /// <summary>The entries that a client sends count, as clients that migrate ownership need it; one empty entry takes all away.</summary>
    private static List<FieldManagerEntry> Base(JsonObject value, JsonObject old)
    {
        if (value.List("metadata", "managedFields") is [JsonObject { Count: 0 }])
        {
            return [];
        }

        var sent = FieldManagerEntry.ReadAll(value);
        return sent.Count > 0 ? sent : FieldManagerEntry.ReadAll(old);
    }
}
