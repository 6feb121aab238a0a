using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Event of core/v1: something that happened to an object. Events are stored in this form.</summary>
internal sealed class EventKind : KindDefinition
{
    private static readonly string[] InvolvedFields = ["apiVersion", "fieldPath", "kind", "name", "namespace", "resourceVersion", "uid"];

    public override ResourceType Type => ResourceTypes.Events;

    public override IReadOnlyList<string> ShortNames => ["ev"];

    public override bool CreateOnUpdate => true;

    public override IReadOnlyList<TableColumn> Columns => EventPrinter.Columns;

    protected override IEnumerable<KeyValuePair<string, Func<JsonObject, string>>> ExtraFieldSelectors =>
        InvolvedFields
            .Select(name => new KeyValuePair<string, Func<JsonObject, string>>($"involvedObject.{name}", obj => obj.Text("involvedObject", name) ?? ""))
            .Concat(
            [
                new("reason", obj => obj.Text("reason") ?? ""),
                new("reportingComponent", obj => obj.Text("reportingComponent") ?? ""),
                new("source", EventPrinter.Component),
                new("type", obj => obj.Text("type") ?? ""),
            ]);

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now) => EventPrinter.Row(obj, now);

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        var involved = obj.Text("involvedObject", "namespace") ?? "";
        var own = obj.Text("metadata", "namespace");

        // Events about objects without a namespace are kept in namespace default.
        if (involved.Length == 0 ? own is not ("default" or "kube-system") : involved != own)
        {
            errors.Invalid(new FieldPath("involvedObject").Child("namespace"), involved, "does not match event.namespace");
        }
    }
}
