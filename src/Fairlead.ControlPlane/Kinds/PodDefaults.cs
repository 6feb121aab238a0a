using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The values that pods and pod templates take where their documents say none.</summary>
internal static class PodDefaults
{
    private const int TolerationSeconds = 300;

    private static readonly string[] UnreachableTaints = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

    /// <summary>A pod: as a template, and requests from limits, and service links.</summary>
    public static void Pod(JsonObject pod)
    {
        var spec = pod.Ensure("spec");
        foreach (var (_, container) in spec.List("containers").Items().Concat(spec.List("initContainers").Items()))
        {
            RequestLimits(container);
        }

        spec.Fill("enableServiceLinks", true);
        Spec(spec);
    }

    /// <summary>The specification of a pod or of a template.</summary>
    public static void Spec(JsonObject spec)
    {
        spec.FillText("dnsPolicy", "ClusterFirst");
        spec.FillText("restartPolicy", "Always");
        spec.FillText("schedulerName", "default-scheduler");
        spec.Ensure("securityContext");
        spec.Fill("terminationGracePeriodSeconds", 30);
        MirrorAccount(spec);
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers", "ephemeralContainers"])
        {
            foreach (var (_, container) in spec.List(list).Items())
            {
                ContainerDefaults.Apply(container, spec.Flag("hostNetwork") == true);
            }
        }

        foreach (var (_, volume) in spec.List("volumes").Items())
        {
            VolumeDefaults.Apply(volume);
        }
    }

    /// <summary>The condition of a pod whose scheduling gates hold it back.</summary>
    public static JsonObject Gated() => new()
    {
        ["type"] = "PodScheduled",
        ["status"] = "False",
        ["reason"] = "SchedulingGated",
        ["message"] = "Scheduling is blocked due to non-empty scheduling gates",
        ["lastProbeTime"] = null,
        ["lastTransitionTime"] = null,
    };

    /// <summary>What admission gives a new pod on a real server: its account, priority, and patience with an unreachable node.</summary>
    public static void Admit(JsonObject pod)
    {
        var spec = pod.Ensure("spec");
        spec.FillText("serviceAccountName", "default");
        MirrorAccount(spec);
        spec.Fill("priority", 0);
        spec.FillText("preemptionPolicy", "PreemptLowerPriority");
        if (spec.List("tolerations") is not { } tolerations)
        {
            spec["tolerations"] = tolerations = [];
        }

        foreach (var taint in UnreachableTaints)
        {
            if (!tolerations.Items().Any(item => Tolerates(item.Item, taint)))
            {
                tolerations.Add((JsonNode)new JsonObject
                {
                    ["effect"] = "NoExecute",
                    ["key"] = taint,
                    ["operator"] = "Exists",
                    ["tolerationSeconds"] = TolerationSeconds,
                });
            }
        }
    }

    /// <summary>serviceAccount is the old name of serviceAccountName; readers may look at either.</summary>
    private static void MirrorAccount(JsonObject spec)
    {
        if (spec.Text("serviceAccountName") is { Length: > 0 } account)
        {
            spec["serviceAccount"] = account;
        }
        else if (spec.Text("serviceAccount") is { Length: > 0 } oldName)
        {
            spec["serviceAccountName"] = oldName;
        }
    }

    private static bool Tolerates(JsonObject toleration, string taint) =>
        (toleration.Text("key") is null or "" || toleration.Text("key") == taint) && toleration.Text("effect") is null or "" or "NoExecute";

    private static void RequestLimits(JsonObject container)
    {
        if (container.Object("resources", "limits") is not { Count: > 0 } limits)
        {
            return;
        }

        var requests = container.Ensure("resources").Ensure("requests");
        foreach (var (name, value) in limits)
        {
            if (value is not null && !requests.ContainsKey(name))
            {
                requests[name] = value.DeepClone();
            }
        }
    }
}
