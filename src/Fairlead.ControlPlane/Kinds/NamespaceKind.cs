using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Schema;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Namespace. Its finalizers in the specification change through the finalize subresource only.</summary>
internal sealed class NamespaceKind : KindDefinition
{
    private const string NameLabel = "kubernetes.io/metadata.name";

    public override ResourceType Type => ResourceTypes.Namespaces;

    public override IReadOnlyList<string> ShortNames => ["ns"];

    public override bool StatusSubresource => true;

    public override IReadOnlyList<string> Verbs => ["create", "delete", "get", "list", "patch", "update", "watch"];

    public override IReadOnlyList<ApiSubresource> Subresources { get; } =
    [
        new("finalize", "", "v1", "Namespace", ["update"]),
        new("status", "", "v1", "Namespace", ["get", "patch", "update"]),
    ];

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, new("Status", Description: "Active or Terminating."), TableColumn.Age];

    protected override IEnumerable<KeyValuePair<string, Func<JsonObject, string>>> ExtraFieldSelectors =>
        [new("status.phase", obj => obj.Text("status", "phase") ?? "")];

    public override string? CheckName(string name, bool prefix) => Names.DnsLabel(name, prefix);

    public override void Default(JsonObject obj)
    {
        if (obj.Text("metadata", "name") is { Length: > 0 } name)
        {
            obj.Ensure("metadata").Ensure("labels")[NameLabel] = name;
        }
    }

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now) =>
        [Print.Name(obj), obj.Text("status", "phase") ?? "", Print.Age(obj, now)];

    protected override void PrepareObject(JsonObject obj, JsonObject? old, WriteContext context)
    {
        if (old is null)
        {
            obj["status"] = new JsonObject { ["phase"] = "Active" };
            var finalizers = obj.Ensure("spec").List("finalizers").Texts().ToHashSet();
            finalizers.Add("kubernetes");
            obj["spec"]!["finalizers"] = new JsonArray([.. finalizers.Select(item => (JsonNode)item)]);
        }
        else if (context.Subresource.Length == 0 && old.At("spec") is { } spec)
        {
            obj["spec"] = spec.DeepClone();
        }
    }
}
