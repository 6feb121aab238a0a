using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Documents;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Nodes;

/// <summary>The taints that follow from a node's state; others stay as they are. Pure.</summary>
internal static class NodeTaints
{
    private const string NotReady = "node.kubernetes.io/not-ready";
    private const string Unreachable = "node.kubernetes.io/unreachable";
    private const string Unschedulable = "node.kubernetes.io/unschedulable";

    public static ValueArray<Taint> For(NodeInfo node)
    {
        List<Taint> wanted = [];
        switch (node.Ready)
        {
            case "True":
                break;
            case "Unknown":
                wanted.AddRange([new Taint(Unreachable, "", "NoSchedule"), new Taint(Unreachable, "", "NoExecute")]);
                break;
            case "":
                // It has not spoken yet; what is bound to it need not flee.
                wanted.Add(new Taint(NotReady, "", "NoSchedule"));
                break;
            default:
                wanted.AddRange([new Taint(NotReady, "", "NoSchedule"), new Taint(NotReady, "", "NoExecute")]);
                break;
        }

        if (node.Unschedulable)
        {
            wanted.Add(new Taint(Unschedulable, "", "NoSchedule"));
        }

        var kept = node.Taints.Where(taint => wanted.Contains(taint) || taint is not { Effect: "NoSchedule" or "NoExecute", Key: NotReady or Unreachable or Unschedulable });
        return kept.Concat(wanted.Where(taint => !node.Taints.Contains(taint))).ToValueArray();
    }

    public static JsonObject ToJson(Taint taint, DateTimeOffset now)
    {
        var json = new JsonObject { ["key"] = taint.Key, ["effect"] = taint.Effect };
        if (taint.Value.Length > 0)
        {
            json["value"] = taint.Value;
        }

        if (taint.Effect == "NoExecute")
        {
            json["timeAdded"] = (taint.Since ?? now).ToApiTime();
        }

        return json;
    }
}
