using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Lease: a claim that must be renewed.</summary>
internal sealed class LeaseKind : KindDefinition
{
    public override ResourceType Type => ResourceTypes.Leases;

    public override bool CreateOnUpdate => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, new("Holder", Description: "Who holds it."), TableColumn.Age];

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now) =>
        [Print.Name(obj), obj.Text("spec", "holderIdentity") ?? "", Print.Age(obj, now)];

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (obj.Number("spec", "leaseDurationSeconds") is { } seconds && seconds <= 0)
        {
            errors.Invalid(FieldPath.Spec.Child("leaseDurationSeconds"), seconds, "must be greater than 0");
        }

        Rules.RequireNonNegative(obj.Number("spec", "leaseTransitions"), FieldPath.Spec.Child("leaseTransitions"), errors);
    }
}
