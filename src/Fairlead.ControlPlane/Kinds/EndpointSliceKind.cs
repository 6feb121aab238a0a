using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind EndpointSlice: some of the endpoints of a Service.</summary>
internal sealed class EndpointSliceKind : KindDefinition
{
    private const int Shown = 3;
    private const int MostEndpoints = 1000;
    private const int MostPorts = 20000;
    private const int MostAddresses = 100;
    private const string Unset = "<unset>";

    public override ResourceType Type => ResourceTypes.EndpointSlices;

    public override bool CountsGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName,
        new("AddressType", Description: "Type of the addresses."),
        new("Ports", Description: "Ports of the endpoints."),
        new("Endpoints", Description: "Addresses of the endpoints."),
        TableColumn.Age,
    ];

    public override void Default(JsonObject obj)
    {
        foreach (var (_, port) in obj.List("ports").Items())
        {
            port.Fill("name", "");
            port.FillText("protocol", "TCP");
        }
    }

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now)
    {
        var ports = obj.List("ports").Items().Select(item => PortText(item.Item));
        var addresses = obj.List("endpoints").Items().SelectMany(item => item.Item.List("addresses").Texts());
        return [Print.Name(obj), obj.Text("addressType") ?? "", OrUnset([.. ports]), OrUnset([.. addresses]), Print.Age(obj, now)];
    }

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        var type = obj.Text("addressType");
        if (type is not ("IPv4" or "IPv6" or "FQDN"))
        {
            errors.NotSupported(new FieldPath("addressType"), type ?? "", "FQDN", "IPv4", "IPv6");
        }

        if (old is not null)
        {
            Rules.RequireUnchanged(obj.At("addressType"), old.At("addressType"), new FieldPath("addressType"), errors);
        }

        if (obj.List("endpoints") is { Count: > MostEndpoints } endpoints)
        {
            errors.TooMany(new FieldPath("endpoints"), endpoints.Count, MostEndpoints);
            return;
        }

        var stored = old.List("endpoints").Items().SelectMany(entry => entry.Item.List("addresses").Texts()).ToHashSet();
        foreach (var (index, endpoint) in obj.List("endpoints").Items())
        {
            ValidateEndpoint(endpoint, type, new FieldPath("endpoints").Index(index), stored, errors);
        }

        ValidatePorts(obj.List("ports"), errors);
    }

    private static void ValidateEndpoint(JsonObject endpoint, string? type, FieldPath field, HashSet<string> stored, FieldErrors errors)
    {
        var addresses = endpoint.List("addresses").Texts().ToArray();
        if (addresses.Length == 0)
        {
            errors.Required(field.Child("addresses"), "must contain at least 1 address");
        }
        else if (addresses.Length > MostAddresses)
        {
            errors.TooMany(field.Child("addresses"), addresses.Length, MostAddresses);
        }

        for (var index = 0; index < Math.Min(addresses.Length, MostAddresses); index++)
        {
            ValidateAddress(addresses[index], type, field.Child("addresses").Index(index), stored, errors);
        }

        Rules.CheckName(endpoint.At("hostname"), field.Child("hostname"), name => Names.DnsLabel(name), errors);
        Rules.CheckName(endpoint.At("nodeName"), field.Child("nodeName"), name => Names.DnsSubdomain(name), errors);
    }

    private static void ValidateAddress(string text, string? type, FieldPath field, HashSet<string> stored, FieldErrors errors)
    {
        if (type == "FQDN")
        {
            Rules.CheckName(text, field, name => Names.DnsSubdomain(name), errors);
            return;
        }

        if (IpAddr.TryParse(text, out var address) && address.Family.Name != type)
        {
            errors.Invalid(field, text, $"must be an {type} address");
            return;
        }

        AddressRules.Destination(text, field, errors, stored);
    }

    private static void ValidatePorts(JsonArray? ports, FieldErrors errors)
    {
        if (ports is { Count: > MostPorts })
        {
            errors.TooMany(new FieldPath("ports"), ports.Count, MostPorts);
            return;
        }

        var names = new HashSet<string>();
        foreach (var (index, port) in ports.Items())
        {
            var field = new FieldPath("ports").Index(index);
            var name = port.Text("name") ?? "";
            Rules.CheckName(name, field.Child("name"), text => Names.DnsLabel(text), errors);
            if (!names.Add(name))
            {
                errors.Duplicate(field.Child("name"), name);
            }

            if (port.Number("port") is { } number && Names.Port(number) is { } fault)
            {
                errors.Invalid(field.Child("port"), number, fault);
            }

            Rules.RequireOneOf(port.At("protocol"), field.Child("protocol"), errors, "SCTP", "TCP", "UDP");
            Rules.CheckName(port.At("appProtocol"), field.Child("appProtocol"), Names.QualifiedName, errors);
        }
    }

    /// <summary>The number; a slice without one means all ports.</summary>
    private static string PortText(JsonObject port) => port.Number("port") is { } number ? number.ToString(CultureInfo.InvariantCulture)
        : port.Text("name") is { Length: > 0 } name ? name
        : "*";

    private static string OrUnset(IReadOnlyCollection<string> texts) => texts.Count == 0 ? Unset : Print.AtMost(texts, Shown);
}
