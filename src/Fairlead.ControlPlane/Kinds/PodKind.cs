using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Schema;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Pod: containers that run together.</summary>
internal sealed class PodKind : KindDefinition
{
    public override ResourceType Type => ResourceTypes.Pods;

    public override IReadOnlyList<string> ShortNames => ["po"];

    public override IReadOnlyList<string> Categories => ["all"];

    public override bool StatusSubresource => true;

    public override bool CountsGeneration => true;

    public override int GracePeriodSeconds => 30;

    public override IReadOnlyList<ApiSubresource> Subresources { get; } =
    [
        new("attach", "", "v1", "PodAttachOptions", ["create", "get"]),
        new("binding", "", "v1", "Binding", ["create"]),
        new("eviction", "policy", "v1", "Eviction", ["create"]),
        new("exec", "", "v1", "PodExecOptions", ["create", "get"]),
        new("log", "", "v1", "Pod", ["get"]),
        new("proxy", "", "v1", "PodProxyOptions", ["create", "delete", "get", "patch", "update"]),
        new("status", "", "v1", "Pod", ["get", "patch", "update"]),
    ];

    public override IReadOnlyList<TableColumn> Columns => PodPrinter.Columns;

    protected override IEnumerable<KeyValuePair<string, Func<JsonObject, string>>> ExtraFieldSelectors =>
    [
        new("spec.nodeName", obj => obj.Text("spec", "nodeName") ?? ""),
        new("spec.restartPolicy", obj => obj.Text("spec", "restartPolicy") ?? ""),
        new("spec.schedulerName", obj => obj.Text("spec", "schedulerName") ?? ""),
        new("spec.serviceAccountName", obj => obj.Text("spec", "serviceAccountName") ?? ""),
        new("spec.hostNetwork", obj => obj.Flag("spec", "hostNetwork") == true ? "true" : "false"),
        new("status.phase", obj => obj.Text("status", "phase") ?? ""),
        new("status.podIP", obj => obj.Text("status", "podIP") ?? ""),
        new("status.podIPs", obj => obj.Text("status", "podIP") ?? ""),
        new("status.nominatedNodeName", obj => obj.Text("status", "nominatedNodeName") ?? ""),
    ];

    public override void Default(JsonObject obj) => PodDefaults.Pod(obj);

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now) => PodPrinter.Row(obj, now);

    protected override void PrepareObject(JsonObject obj, JsonObject? old, WriteContext context)
    {
        if (old is null)
        {
            PodDefaults.Admit(obj);
            obj["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = PodQos.Of(obj) };
            if (obj.List("spec", "schedulingGates") is { Count: > 0 })
            {
                obj.Ensure("status")["conditions"] = new JsonArray(PodDefaults.Gated());
            }
        }
    }

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (context.IsStatus)
        {
            return;
        }

        PodRules.ValidateSpec(obj.Object("spec"), FieldPath.Spec, errors);
        if (old is null && obj.List("spec", "ephemeralContainers") is { Count: > 0 })
        {
            errors.Forbidden(FieldPath.Spec.Child("ephemeralContainers"), "cannot be set on create");
        }

        if (old is not null && context.Subresource.Length == 0)
        {
            PodUpdateRules.Validate(obj, old, errors);
        }
    }
}
