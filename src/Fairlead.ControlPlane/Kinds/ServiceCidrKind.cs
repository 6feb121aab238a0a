using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind ServiceCIDR: ranges from which Services get addresses, one per family.</summary>
internal sealed class ServiceCidrKind : KindDefinition
{
    public override ResourceType Type => ResourceTypes.ServiceCidrs;

    public override bool StatusSubresource => true;

    public override bool CountsGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, new("CIDRs", Description: "The ranges."), TableColumn.Age];

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now) =>
        [Print.Name(obj), string.Join(',', obj.List("spec", "cidrs").Texts()), Print.Age(obj, now)];

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        var field = FieldPath.Spec.Child("cidrs");
        var ranges = obj.List("spec", "cidrs").Texts().ToArray();
        if (ranges.Length == 0)
        {
            errors.Required(field, "at least one CIDR required");
        }
        else if (ranges.Length > 2)
        {
            errors.Invalid(field, obj.At("spec", "cidrs"), "may only hold up to 2 values");
        }
        else if (ranges.Select((text, index) => AddressRules.Range(text, field.Index(index), errors)).ToArray().All(valid => valid)
            && ranges.Select(text => IpNet.Parse(text).Address.Family).Distinct().Count() < ranges.Length)
        {
            errors.Invalid(field, obj.At("spec", "cidrs"), "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/96");
        }

        if (old is not null)
        {
            Rules.RequireUnchanged(obj.At("spec", "cidrs"), old.At("spec", "cidrs"), field, errors);
        }
    }
}
