using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Lifecycle;

/// <summary>Computes a pod's status from what is known of its containers. Pure.</summary>
internal static class PodStatus
{
    private static readonly string[] Own = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

    internal static JsonObject Build(
        PodSpec pod, JsonObject observed, IReadOnlyList<ContainerRecord> inits, IReadOnlyList<ContainerRecord> containers,
        IReadOnlyList<string> addresses, IReadOnlyList<string> hostAddresses, DateTimeOffset started, DateTimeOffset now)
    {
        var phase = Phase(pod.RestartPolicy, inits, containers);
        var initialized = IsInitialized(inits, containers);
        var over = phase is "Succeeded" or "Failed";
        var ready = !over && containers.Count > 0 && containers.Concat(inits.Where(init => init.IsSidecar)).All(container => container.Ready);
        var gated = pod.ReadinessGates.Any(gate => Condition(observed, gate).Text("status") != "True");
        var unready = over ? "PodCompleted" : "ContainersNotReady";
        var status = new JsonObject
        {
            ["phase"] = phase,
            ["startTime"] = started.ToApiTime(),
            ["qosClass"] = pod.Document["status"].TextOr("BestEffort", "qosClass"),
            ["hostIP"] = hostAddresses[0],
            ["hostIPs"] = Addresses(hostAddresses),
            ["conditions"] = new JsonArray(
            [
                Condition(observed, "PodReadyToStartContainers", addresses.Count > 0, "", now),
                Condition(observed, "Initialized", initialized, "ContainersNotInitialized", now),
                Condition(observed, "Ready", ready && !gated, ready ? "ReadinessGatesNotReady" : unready, now),
                Condition(observed, "ContainersReady", ready, unready, now),
                Condition(observed, "PodScheduled", true, "", now),
                .. observed["status"].Objects("conditions").Where(condition => !Own.Contains(condition.Text("type"))).Select(condition => condition.DeepClone()),
            ]),
            ["containerStatuses"] = new JsonArray([.. containers.Select(container => (JsonNode)container.Status())]),
        };
        if (inits.Count > 0)
        {
            status["initContainerStatuses"] = new JsonArray([.. inits.Select(init => (JsonNode)init.Status())]);
        }

        if (addresses.Count > 0)
        {
            status["podIP"] = addresses[0];
            status["podIPs"] = Addresses(addresses);
        }

        return status;
    }

    /// <summary>A pod's phase, by kubelet's rules.</summary>
    internal static string Phase(string restartPolicy, IReadOnlyList<ContainerRecord> inits, IReadOnlyList<ContainerRecord> containers)
    {
        // A phase that is final is told only once nothing runs any more.
        var lingering = inits.Any(init => init is { IsSidecar: true, Running: not null });
        if (inits.Any(init => init is { IsSidecar: false, Ended: { ExitCode: not 0 } }) && restartPolicy == "Never")
        {
            return lingering ? "Pending" : "Failed";
        }

        if (!IsInitialized(inits, containers))
        {
            return "Pending";
        }

        if (containers.All(container => container.Ended is not null) && restartPolicy != "Always")
        {
            var failed = containers.Any(container => container.Ended!.ExitCode != 0);
            return lingering ? "Running" : !failed ? "Succeeded" : restartPolicy == "Never" ? "Failed" : "Running";
        }

        return containers.Any(container => container.Running is not null || container.Ended is not null || container.Last is not null)
            ? "Running" : "Pending";
    }

    // Sidecars that are started again later do not undo it.
    private static bool IsInitialized(IReadOnlyList<ContainerRecord> inits, IReadOnlyList<ContainerRecord> containers) =>
        containers.Any(container => container.Running is not null || container.Ended is not null || container.Last is not null)
        || inits.All(init => init.IsSidecar ? init.FirstStart.IsCompleted : init.Ended is { ExitCode: 0 });

    private static JsonArray Addresses(IReadOnlyList<string> addresses) =>
        new([.. addresses.Select(address => (JsonNode)new JsonObject { ["ip"] = address })]);

    private static JsonObject? Condition(JsonObject pod, string type) =>
        pod["status"].Objects("conditions").FirstOrDefault(condition => condition.Text("type") == type);

    private static JsonObject Condition(JsonObject pod, string type, bool holds, string reason, DateTimeOffset now)
    {
        var value = holds ? "True" : "False";
        var old = Condition(pod, type);
        var condition = new JsonObject
        {
            ["type"] = type,
            ["status"] = value,
            ["lastTransitionTime"] = old.Text("status") == value && old.Text("lastTransitionTime").Length > 0
                ? old.Text("lastTransitionTime") : now.ToApiTime(),
        };
        if (!holds && reason.Length > 0)
        {
            condition["reason"] = reason;
        }

        return condition;
    }
}
