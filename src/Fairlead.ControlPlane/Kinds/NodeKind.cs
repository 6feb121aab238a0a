using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Schema;
using JsonFields = Fairlead.Kube.Documents.JsonFields;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Node: a machine that runs pods. A node that registers itself brings its status.</summary>
internal sealed class NodeKind : KindDefinition
{
    private const string RolePrefix = "node-role.kubernetes.io/";

    public override ResourceType Type => ResourceTypes.Nodes;

    public override IReadOnlyList<string> ShortNames => ["no"];

    public override IReadOnlyList<ApiSubresource> Subresources { get; } =
    [
        new("proxy", "", "v1", "NodeProxyOptions", ["create", "delete", "get", "patch", "update"]),
        new("status", "", "v1", "Node", ["get", "patch", "update"]),
    ];

    public override bool StatusSubresource => true;

    protected internal override bool KeepsStatusOnCreate => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName,
        new("Status", Description: "Whether the node is ready, and whether new pods are kept off."),
        new("Roles", Description: "Its roles."),
        TableColumn.Age,
        new("Version", Description: "Version of its agent."),
        TableColumn.Wide("Internal-IP", "Its address within the cluster's network."),
        TableColumn.Wide("External-IP", "Its address outside."),
        TableColumn.Wide("OS-Image", "Its distribution."),
        TableColumn.Wide("Kernel-Version", "Its kernel."),
        TableColumn.Wide("Container-Runtime", "What runs its containers."),
    ];

    protected override IEnumerable<KeyValuePair<string, Func<JsonObject, string>>> ExtraFieldSelectors =>
        [new("spec.unschedulable", obj => obj.Flag("spec", "unschedulable") == true ? "true" : "false")];

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        if (spec.Text("podCIDR") is { Length: > 0 } range && spec.List("podCIDRs") is not { Count: > 0 })
        {
            spec["podCIDRs"] = new JsonArray(range);
        }
        else if (spec.List("podCIDRs").Texts().FirstOrDefault() is { } first)
        {
            spec.FillText("podCIDR", first);
        }

        if (obj.Object("status", "capacity") is { } capacity && obj.Object("status", "allocatable") is null)
        {
            obj["status"]!["allocatable"] = capacity.DeepClone();
        }
    }

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now) =>
    [
        Print.Name(obj),
        StatusText(obj),
        Roles(obj),
        Print.Age(obj, now),
        obj.Text("status", "nodeInfo", "kubeletVersion") ?? "",
        Address(obj, "InternalIP"),
        Address(obj, "ExternalIP"),
        OrUnknown(obj.Text("status", "nodeInfo", "osImage")),
        OrUnknown(obj.Text("status", "nodeInfo", "kernelVersion")),
        OrUnknown(obj.Text("status", "nodeInfo", "containerRuntimeVersion")),
    ];

    /// <summary>Says of a taint that drives pods away since when it does, as nobody else who adds one does: kubectl does not.</summary>
    protected override void PrepareObject(JsonObject obj, JsonObject? old, WriteContext context)
    {
        foreach (var (_, taint) in obj.List("spec", "taints").Items())
        {
            if (taint.Text("effect") == "NoExecute" && !taint.Has("timeAdded"))
            {
                var before = old.List("spec", "taints").Items().Select(pair => pair.Item).FirstOrDefault(was => SameTaint(was, taint));
                taint["timeAdded"] = before.Text("timeAdded") ?? JsonFields.ToApiTime(context.Now);
            }
        }
    }

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        var field = FieldPath.Spec.Child("podCIDRs");
        var ranges = obj.List("spec", "podCIDRs").Texts().ToArray();
        for (var index = 0; index < ranges.Length; index++)
        {
            AddressRules.Range(ranges[index], field.Index(index), errors);
        }

        if (ranges.Length > 0 && obj.Text("spec", "podCIDR") != ranges[0])
        {
            errors.Invalid(field.Index(0), ranges[0], "must be the same as podCIDR");
        }

        ValidateTaints(obj.List("spec", "taints"), errors);
        if (old.List("spec", "podCIDRs") is { Count: > 0 } before && !Doc.Same(obj.At("spec", "podCIDRs"), before))
        {
            errors.Forbidden(field, "node updates may not change podCIDR except from \"\" to valid");
        }

        if (old.Text("spec", "providerID") is { Length: > 0 } provider && obj.Text("spec", "providerID") != provider)
        {
            errors.Forbidden(FieldPath.Spec.Child("providerID"), "node updates may not change providerID except from \"\" to valid");
        }
    }

    private static bool SameTaint(JsonObject one, JsonObject other) =>
        one.Text("key") == other.Text("key") && one.Text("value") == other.Text("value") && one.Text("effect") == other.Text("effect");

    private static void ValidateTaints(JsonArray? taints, FieldErrors errors)
    {
        var seen = new HashSet<(string?, string?)>();
        foreach (var (index, taint) in taints.Items())
        {
            var field = FieldPath.Spec.Child("taints").Index(index);
            MetadataRules.LabelKey(taint.Text("key") ?? "", field.Child("key"), errors);
            Rules.CheckName(taint.At("value"), field.Child("value"), Names.LabelValue, errors);
            Rules.RequireOneOf(taint.At("effect") ?? "", field.Child("effect"), errors, "NoExecute", "NoSchedule", "PreferNoSchedule");
            if (!seen.Add((taint.Text("key"), taint.Text("effect"))))
            {
                errors.Duplicate(field, taint);
            }
        }
    }

    private static string StatusText(JsonObject node)
    {
        var ready = node.List("status", "conditions").Items().Select(item => item.Item).FirstOrDefault(item => item.Text("type") == "Ready");
        var text = ready is null ? "Unknown" : ready.Text("status") == "True" ? "Ready" : "NotReady";
        return node.Flag("spec", "unschedulable") == true ? text + ",SchedulingDisabled" : text;
    }

    private static string Roles(JsonObject node)
    {
        var roles = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in node.Object("metadata", "labels").Pairs())
        {
            if (key.StartsWith(RolePrefix, StringComparison.Ordinal) && key.Length > RolePrefix.Length)
            {
                roles.Add(key[RolePrefix.Length..]);
            }
            else if (key == "kubernetes.io/role" && value.Length > 0)
            {
                roles.Add(value);
            }
        }

        return roles.Count == 0 ? Print.None : string.Join(',', roles);
    }

    private static string Address(JsonObject node, string type) =>
        node.List("status", "addresses").Items().Select(item => item.Item).FirstOrDefault(item => item.Text("type") == type).Text("address") ?? Print.None;

    private static string OrUnknown(string? text) => string.IsNullOrEmpty(text) ? Print.Unknown : text;
}
