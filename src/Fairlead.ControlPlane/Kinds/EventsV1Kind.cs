using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Event of events.k8s.io/v1: the same objects as those of core/v1, under newer field names.</summary>
internal sealed class EventsV1Kind : KindDefinition
{
    private static readonly string[] InvolvedFields = ["apiVersion", "fieldPath", "kind", "name", "namespace", "resourceVersion", "uid"];

    private static readonly (string Core, string Events)[] Renamed =
    [
        ("involvedObject", "regarding"),
        ("message", "note"),
        ("reportingComponent", "reportingController"),
        ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"),
        ("lastTimestamp", "deprecatedLastTimestamp"),
        ("count", "deprecatedCount"),
    ];

    public override ResourceType Type => ResourceTypes.EventsV1;

    public override ResourceType StorageType => ResourceTypes.Events;

    public override IReadOnlyList<string> ShortNames => ["ev"];

    public override bool CreateOnUpdate => true;

    public override IReadOnlyList<TableColumn> Columns => EventPrinter.Columns;

    protected override IEnumerable<KeyValuePair<string, Func<JsonObject, string>>> ExtraFieldSelectors =>
        InvolvedFields
            .Select(name => new KeyValuePair<string, Func<JsonObject, string>>($"regarding.{name}", obj => obj.Text("regarding", name) ?? ""))
            .Concat(
            [
                new("reason", obj => obj.Text("reason") ?? ""),
                new("reportingController", obj => obj.Text("reportingController") ?? ""),
                new("type", obj => obj.Text("type") ?? ""),
            ]);

    public override void ToStorage(JsonObject obj)
    {
        Rename(obj, Renamed.Select(pair => (pair.Events, pair.Core)));
        obj["apiVersion"] = StorageType.ApiVersion;
    }

    public override void FromStorage(JsonObject obj)
    {
        Rename(obj, Renamed);
        obj["apiVersion"] = Type.ApiVersion;
    }

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now)
    {
        var core = obj.DeepClone().AsObject();
        ToStorage(core);
        return EventPrinter.Row(core, now);
    }

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (old is not null)
        {
            return;
        }

        foreach (var name in (ReadOnlySpan<string>)["eventTime", "reportingController", "reportingInstance", "action", "reason"])
        {
            Rules.Require(obj.At(name), new FieldPath(name), errors);
        }

        Rules.RequireOneOf(obj.At("type") ?? "", new FieldPath("type"), errors, "Normal", "Warning");
    }

    private static void Rename(JsonObject obj, IEnumerable<(string From, string To)> names)
    {
        foreach (var (from, to) in names)
        {
            if (obj.TryGetPropertyValue(from, out var value))
            {
                obj.Remove(from);
                obj[to] = value;
            }
        }
    }
}
