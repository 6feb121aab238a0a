using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind IPAddress: an address in use; its name is the address in canonical form.</summary>
internal sealed class IPAddressKind : KindDefinition
{
    public override ResourceType Type => ResourceTypes.IPAddresses;

    public override IReadOnlyList<string> ShortNames => ["ip"];

    public override bool CountsGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, new("ParentRef", Description: "What uses the address."), TableColumn.Age];

    public override string? CheckName(string name, bool prefix) =>
        IpAddr.TryParse(name, out var address) && address.ToString() == name ? null : "must be a valid IP address in canonical form";

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now)
    {
        var parent = obj.Object("spec", "parentRef");
        var group = parent.Text("group") is { Length: > 0 } name ? "." + name : "";
        var ns = parent.Text("namespace") is { Length: > 0 } text ? text + "/" : "";
        return [Print.Name(obj), parent is null ? Print.None : $"{parent.Text("resource")}{group}/{ns}{parent.Text("name")}", Print.Age(obj, now)];
    }

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        var field = FieldPath.Spec.Child("parentRef");
        if (obj.Object("spec", "parentRef") is not { } parent)
        {
            errors.Required(field);
            return;
        }

        Rules.Require(parent.At("resource"), field.Child("resource"), errors);
        Rules.Require(parent.At("name"), field.Child("name"), errors);
        if (old is not null)
        {
            Rules.RequireUnchanged(parent, old.At("spec", "parentRef"), field, errors);
        }
    }
}
