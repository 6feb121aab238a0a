using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Schema;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Service: a name and address in front of pods.</summary>
internal sealed class ServiceKind : KindDefinition
{
    public override ResourceType Type => ResourceTypes.Services;

    public override IReadOnlyList<string> ShortNames => ["svc"];

    public override IReadOnlyList<string> Categories => ["all"];

    public override IReadOnlyList<ApiSubresource> Subresources { get; } =
    [
        new("proxy", "", "v1", "ServiceProxyOptions", ["create", "delete", "get", "patch", "update"]),
        new("status", "", "v1", "Service", ["get", "patch", "update"]),
    ];

    public override bool StatusSubresource => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName,
        new("Type", Description: "How the Service is exposed."),
        new("Cluster-IP", Description: "Its address within the cluster."),
        new("External-IP", Description: "Its addresses outside the cluster."),
        new("Port(s)", Description: "Its ports, with node ports."),
        TableColumn.Age,
        TableColumn.Wide("Selector", "Labels of its pods."),
    ];

    protected override IEnumerable<KeyValuePair<string, Func<JsonObject, string>>> ExtraFieldSelectors =>
    [
        new("spec.clusterIP", obj => obj.Text("spec", "clusterIP") ?? ""),
        new("spec.type", obj => obj.Text("spec", "type") ?? ""),
    ];

    /// <summary>A DNS label, which may begin with a digit (KEP-5311, on by default since 1.36).</summary>
    public override string? CheckName(string name, bool prefix) => Names.DnsLabel(name, prefix);

    public override void Default(JsonObject obj) => ServiceDefaults.Apply(obj);

    public override IEnumerable<string> Warnings(JsonObject obj, JsonObject? old) => ServiceWarnings.Of(obj);

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now)
    {
        var ports = obj.List("spec", "ports").Items().Select(item => PortText(item.Item)).ToArray();
        return
        [
            Print.Name(obj),
            ServiceTraits.TypeOf(obj),
            obj.Text("spec", "clusterIP") is { Length: > 0 } address ? address : Print.None,
            ExternalText(obj),
            ports.Length == 0 ? Print.None : string.Join(',', ports),
            Print.Age(obj, now),
            Print.Map(obj.Object("spec", "selector")),
        ];
    }

    protected override void PrepareObject(JsonObject obj, JsonObject? old, WriteContext context)
    {
        if (!context.IsStatus)
        {
            ServiceTransitions.Apply(obj, old);
            if (!ServiceTraits.IsLoadBalancer(obj))
            {
                obj.Object("status")?.Remove("loadBalancer");
            }
        }

        obj.Ensure("status").Ensure("loadBalancer");
    }

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (context.IsStatus)
        {
            LoadBalancerStatusRules.ValidateOfService(obj, old, errors);
            return;
        }

        ServiceRules.Validate(obj, old, errors);
        ServiceAddressRules.Validate(obj, old, errors);
        if (old is not null)
        {
            ServiceRules.ValidateUpdate(obj, old, errors);
        }
    }

    private static string PortText(JsonObject port)
    {
        var protocol = port.Text("protocol") ?? "TCP";
        var nodePort = port.Number("nodePort") is { } number and not 0 ? $":{number}" : "";
        return $"{port.Number("port")}{nodePort}/{protocol}";
    }

    private static string ExternalText(JsonObject service)
    {
        var addresses = service.List("spec", "externalIPs").Texts();
        switch (ServiceTraits.TypeOf(service))
        {
            case "ExternalName":
                return service.Text("spec", "externalName") ?? "";
            case "LoadBalancer":
                var all = string.Join(',', Print.LoadBalancerAddresses(service).Concat(addresses));
                return all.Length == 0 ? "<pending>" : all;
            default:
                var text = string.Join(',', addresses);
                return text.Length == 0 ? Print.None : text;
        }
    }
}
