using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>
/// The kind ClusterNetworkPolicy (network-policy-api v0.2.0): traffic rules of the whole cluster. Its standard fields, named ports and node peers;
/// domain names are no field here, as nothing would enforce them.
/// </summary>
internal sealed class ClusterNetworkPolicyKind : KindDefinition
{
    public override ResourceType Type => ResourceTypes.ClusterNetworkPolicies;

    public override IReadOnlyList<string> ShortNames => ["cnp"];

    public override bool StatusSubresource => true;

    public override bool CountsGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName,
        new("Tier", Description: "Whether it is asked before the NetworkPolicies of namespaces or after them."),
        new("Priority", Description: "The lower is asked first."),
        TableColumn.Age,
    ];

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now) =>
        [Print.Name(obj), obj.Text("spec", "tier") ?? "", obj.At("spec", "priority")?.ToString() ?? "", Print.Age(obj, now)];

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (!context.IsStatus)
        {
            ClusterNetworkPolicyRules.Validate(obj.Object("spec"), errors);
        }
    }
}
