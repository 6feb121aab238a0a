using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Endpoints, which EndpointSlice has replaced.</summary>
internal sealed class EndpointsKind : KindDefinition
{
    private const int Shown = 3;

    public override ResourceType Type => ResourceTypes.Endpoints;

    public override IReadOnlyList<string> ShortNames => ["ep"];

    public override bool CreateOnUpdate => true;

    public override string Deprecation => "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, new("Endpoints", Description: "Addresses with their ports."), TableColumn.Age];

    public override void Default(JsonObject obj)
    {
        foreach (var (_, subset) in obj.List("subsets").Items())
        {
            foreach (var (_, port) in subset.List("ports").Items())
            {
                port.FillText("protocol", "TCP");
            }
        }
    }

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now) =>
        [Print.Name(obj), Print.AtMost([.. obj.List("subsets").Items().SelectMany(item => Texts(item.Item))], Shown), Print.Age(obj, now)];

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        var stored = Addresses(old).Select(address => address.Text("ip") ?? "").ToHashSet();
        foreach (var (index, subset) in obj.List("subsets").Items())
        {
            var field = new FieldPath("subsets").Index(index);
            if (subset.List("addresses") is not { Count: > 0 } && subset.List("notReadyAddresses") is not { Count: > 0 })
            {
                errors.Required(field, "must specify `addresses` or `notReadyAddresses`");
            }

            foreach (var list in (ReadOnlySpan<string>)["addresses", "notReadyAddresses"])
            {
                foreach (var (number, address) in subset.List(list).Items())
                {
                    ValidateAddress(address, field.Child(list).Index(number), stored, errors);
                }
            }

            var ports = subset.List("ports").Items().ToArray();
            foreach (var (number, port) in ports)
            {
                ValidatePort(port, field.Child("ports").Index(number), ports.Length > 1, errors);
            }
        }
    }

    private static IEnumerable<JsonObject> Addresses(JsonObject? endpoints) => endpoints.List("subsets").Items()
        .SelectMany(subset => subset.Item.List("addresses").Items().Concat(subset.Item.List("notReadyAddresses").Items())).Select(entry => entry.Item);

    private static void ValidateAddress(JsonObject address, FieldPath field, HashSet<string> stored, FieldErrors errors)
    {
        AddressRules.Destination(address.Text("ip") ?? "", field.Child("ip"), errors, stored);
        Rules.CheckName(address.At("hostname"), field.Child("hostname"), name => Names.DnsLabel(name), errors);
        Rules.CheckName(address.At("nodeName"), field.Child("nodeName"), name => Names.DnsSubdomain(name), errors);
    }

    private static void ValidatePort(JsonObject port, FieldPath field, bool named, FieldErrors errors)
    {
        if (named)
        {
            Rules.Require(port.At("name"), field.Child("name"), errors);
        }

        Rules.CheckName(port.At("name"), field.Child("name"), name => Names.DnsLabel(name), errors);
        if (Names.Port(port.Number("port") ?? 0) is { } fault)
        {
            errors.Invalid(field.Child("port"), port.Number("port") ?? 0, fault);
        }

        Rules.RequireOneOf(port.At("protocol"), field.Child("protocol"), errors, "SCTP", "TCP", "UDP");
    }

    private static IEnumerable<string> Texts(JsonObject subset)
    {
        var addresses = subset.List("addresses").Items().Select(item => item.Item.Text("ip") ?? "").ToArray();
        var ports = subset.List("ports").Items().Select(item => item.Item.Number("port") ?? 0).ToArray();
        return ports.Length == 0 ? addresses : ports.SelectMany(port => addresses.Select(address => Join(address, port)));
    }

    private static string Join(string address, long port) =>
        string.Create(CultureInfo.InvariantCulture, $"{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{port}");
}
