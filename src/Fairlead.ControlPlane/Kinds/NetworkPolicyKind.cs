using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind NetworkPolicy: which traffic pods may have.</summary>
internal sealed class NetworkPolicyKind : KindDefinition
{
    public override ResourceType Type => ResourceTypes.NetworkPolicies;

    public override IReadOnlyList<string> ShortNames => ["netpol"];

    public override bool CountsGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, new("Pod-Selector", Description: "The pods it is about."), TableColumn.Age];

    /// <summary>policyTypes: Ingress, and Egress when there are egress rules (features.md §3.1, P6); protocols.</summary>
    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        spec.Ensure("podSelector");
        if (spec.List("policyTypes") is not { Count: > 0 })
        {
            var types = new JsonArray("Ingress");
            if (spec.List("egress") is { Count: > 0 })
            {
                types.Add((JsonNode)"Egress");
            }

            spec["policyTypes"] = types;
        }

        foreach (var (_, rule) in spec.List("ingress").Items().Concat(spec.List("egress").Items()))
        {
            foreach (var (_, port) in rule.List("ports").Items())
            {
                port.FillText("protocol", "TCP");
            }
        }
    }

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now) =>
        [Print.Name(obj), Print.Selector(obj.Object("spec", "podSelector")), Print.Age(obj, now)];

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors) =>
        NetworkPolicyRules.Validate(obj.Object("spec"), old.Object("spec"), errors);
}
