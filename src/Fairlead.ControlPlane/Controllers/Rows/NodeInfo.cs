using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Schema;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Rows;

/// <summary>One taint of a node (core/v1 Taint).</summary>
internal sealed record Taint(string Key, string Value, string Effect)
{
    /// <summary>When a taint of effect NoExecute came; it is no part of what the taint is, so taints are equal without it.</summary>
    public DateTimeOffset? Since { get; init; }

    public bool Equals(Taint? other) => other is not null && (Key, Value, Effect) == (other.Key, other.Value, other.Effect);

    public override int GetHashCode() => HashCode.Combine(Key, Value, Effect);
}

/// <summary>A Node, as far as controllers need it.</summary>
internal sealed record NodeInfo : IObjectRow
{
    public required RowMeta Meta { get; init; }

    public bool Unschedulable { get; init; }

    /// <summary>Status of condition Ready: True, False or Unknown; empty when the node has not said yet.</summary>
    public string Ready { get; init; } = "";

    public ValueArray<Taint> Taints { get; init; }

    public ValueArray<IpNet> PodCIDRs { get; init; }

    /// <summary>status.allocatable.pods; 110 when the node does not say.</summary>
    public int PodCapacity { get; init; } = 110;

    /// <summary>status.allocatable.cpu in thousandths of a processor; 0 when the node does not say.</summary>
    public long MilliProcessors { get; init; }

    public bool IsControlPlane =>
        Meta.Labels["node-role.kubernetes.io/control-plane"] is not null || Meta.Labels["node-role.kubernetes.io/master"] is not null;

    public string Name => Meta.Key.Name;

    public string Zone => Meta.Labels["topology.kubernetes.io/zone"] ?? "";

    public static NodeInfo Read(JsonObject node)
    {
        var (spec, status) = (node.At("spec"), node.At("status"));
        var ready = status.Objects("conditions").FirstOrDefault(condition => condition.Text("type") == "Ready");
        var texts = spec.Texts("podCIDRs").DefaultIfEmpty(spec.Text("podCIDR"));
        return new NodeInfo
        {
            Meta = RowMeta.From(node),
            Unschedulable = spec.Flag("unschedulable"),
            Ready = ready.Text("status"),
            Taints = spec.Objects("taints").Select(ReadTaint).ToValueArray(),
            PodCIDRs = texts.Where(text => IpNet.TryParse(text, out _)).Select(IpNet.Parse).ToValueArray(),
            MilliProcessors = Quantity.TryParse(status.IntOrText("allocatable", "cpu"), out var cpu) ? cpu.MilliValue : 0,
            PodCapacity = int.TryParse(status.IntOrText("allocatable", "pods"), out var pods) ? pods : 110,
        };
    }

    private static Taint ReadTaint(JsonObject taint) =>
        new(taint.Text("key"), taint.Text("value"), taint.Text("effect")) { Since = taint.Time("timeAdded") };
}
