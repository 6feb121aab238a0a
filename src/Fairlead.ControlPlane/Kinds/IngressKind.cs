using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Ingress: rules by which HTTP requests reach Services.</summary>
internal sealed class IngressKind : KindDefinition
{
    private const int Shown = 3;

    public override ResourceType Type => ResourceTypes.Ingresses;

    public override IReadOnlyList<string> ShortNames => ["ing"];

    public override bool StatusSubresource => true;

    public override bool CountsGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName,
        new("Class", Description: "Which IngressClass implements it."),
        new("Hosts", Description: "Hosts of its rules."),
        new("Address", Description: "Where it takes traffic."),
        new("Ports", Description: "Ports on which it takes traffic."),
        TableColumn.Age,
    ];

    public override IEnumerable<string> Warnings(JsonObject obj, JsonObject? old)
    {
        if (obj.Text("metadata", "annotations", IngressRow.ClassAnnotation) is not null)
        {
            yield return $"annotation \"{IngressRow.ClassAnnotation}\" is deprecated, please use 'spec.ingressClassName' instead";
        }
    }

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now)
    {
        var hosts = obj.List("spec", "rules").Items().Select(item => item.Item.Text("host") ?? "").Where(host => host.Length > 0).ToArray();
        return
        [
            Print.Name(obj),
            obj.Text("spec", "ingressClassName") ?? Print.None,
            hosts.Length == 0 ? "*" : Print.AtMost(hosts, Shown),
            string.Join(',', Print.LoadBalancerAddresses(obj)),
            obj.List("spec", "tls") is { Count: > 0 } ? "80, 443" : "80",
            Print.Age(obj, now),
        ];
    }

    protected override void PrepareObject(JsonObject obj, JsonObject? old, WriteContext context) => obj.Ensure("status").Ensure("loadBalancer");

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (context.IsStatus)
        {
            LoadBalancerStatusRules.ValidateOfIngress(obj, old, errors);
        }
        else
        {
            IngressRules.Validate(obj, old, errors);
        }
    }
}
