using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Kube;
using Fairlead.Kube.Client;
using Fairlead.Pods.Lifecycle;
using Fairlead.Pods.Sandbox;

namespace Fairlead.Pods.Nodes;

/// <summary>Registers one Node, keeps its status and its Lease.</summary>
internal sealed class NodeKeeper(PodsContext context, PodsNode node)
{
    private const string LeaseNamespace = "kube-node-lease";
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(10);
    private bool _ready;
    private DateTimeOffset _since;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var registered = false;
        var leased = DateTimeOffset.MinValue;
        while (true)
        {
            try
            {
                var ready = CniRuntime.Conflist(node).Length > 0;
                if (!registered || ready != _ready)
                {
                    await RegisterAsync(ready, registered, cancellationToken);
                    registered = true;
                }

                if (context.Time.GetUtcNow() - leased >= Beat)
                {
                    await LeaseAsync(cancellationToken);
                    leased = context.Time.GetUtcNow();
                }
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // The loop's owner: whatever a transport throws, the node is still to be kept.
                context.Log.NodeFailed(node.Name, e.Message);
            }

            await Task.Delay(_ready ? TimeSpan.FromSeconds(1) : Soon, context.Time, cancellationToken);
        }
    }

    private async Task RegisterAsync(bool ready, bool registered, CancellationToken cancellationToken)
    {
        if (!registered)
        {
            try
            {
                await context.Api.CreateAsync(ResourceTypes.Nodes, "", Document(), cancellationToken);
            }
            catch (KubeException e) when (e.IsAlreadyExists)
            {
                var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = Labels() } };
                await context.Api.PatchAsync(ResourceTypes.Nodes, "", node.Name, "", PatchKind.Merge, patch, cancellationToken);
            }
        }

        _since = context.Time.GetUtcNow();
        await context.Api.PatchAsync(
            ResourceTypes.Nodes, "", node.Name, "status", PatchKind.Merge, new JsonObject { ["status"] = Status(ready) }, cancellationToken);
        _ready = ready;
    }

    private async Task LeaseAsync(CancellationToken cancellationToken)
    {
        var renew = new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["holderIdentity"] = node.Name,
                ["leaseDurationSeconds"] = 40,
                ["renewTime"] = context.Time.GetUtcNow().ToApiMicroTime(),
            },
        };
        try
        {
            await context.Api.PatchAsync(ResourceTypes.Leases, LeaseNamespace, node.Name, "", PatchKind.Merge, renew.DeepClone(), cancellationToken);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            renew["apiVersion"] = "coordination.k8s.io/v1";
            renew["kind"] = "Lease";
            renew["metadata"] = new JsonObject { ["name"] = node.Name, ["namespace"] = LeaseNamespace };
            await context.Api.CreateAsync(ResourceTypes.Leases, LeaseNamespace, renew, cancellationToken);
        }
    }

    private JsonObject Document() => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Node",
        ["metadata"] = new JsonObject { ["name"] = node.Name, ["labels"] = Labels() },
        ["spec"] = new JsonObject(),
    };

    private JsonObject Labels() => new()
    {
        ["kubernetes.io/hostname"] = node.Name,
        ["kubernetes.io/os"] = "linux",
        ["kubernetes.io/arch"] = Architecture,
        ["topology.kubernetes.io/zone"] = node.Zone,
    };

    private static string Architecture => RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";

    private JsonObject Status(bool ready)
    {
        var addresses = new JsonArray([.. node.Addresses.Select(address => (JsonNode)Address("InternalIP", address.ToString())), Address("Hostname", node.Name)]);
        return new JsonObject
        {
            ["addresses"] = addresses,
            ["capacity"] = Capacity(),
            ["allocatable"] = Capacity(),
            ["conditions"] = new JsonArray(
                Condition("MemoryPressure", false, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                Condition("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                Condition("PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                ready ? Condition("Ready", true, "KubeletReady", "pods can be plugged into the network")
                    : Condition("Ready", false, "KubeletNotReady", $"network plugin not ready: no conflist in {node.CniConfDirectory} yet")),
            ["nodeInfo"] = new JsonObject
            {
                ["kernelVersion"] = File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
                ["osImage"] = RuntimeInformation.OSDescription,
                ["operatingSystem"] = "linux",
                ["architecture"] = Architecture,
                ["containerRuntimeVersion"] = $"fairlead://{context.Options.Version}",
                ["kubeletVersion"] = KubernetesVersion.Text,
                ["kubeProxyVersion"] = "",
                ["bootID"] = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim(),
                ["machineID"] = "",
                ["systemUUID"] = "",
            },
        };
    }

    private static JsonObject Address(string type, string address) => new() { ["type"] = type, ["address"] = address };

    internal static JsonObject Capacity() => new()
    {
        ["cpu"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
        ["memory"] = string.Create(CultureInfo.InvariantCulture, $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1024}Ki"),
        ["ephemeral-storage"] = string.Create(CultureInfo.InvariantCulture, $"{new DriveInfo("/").TotalSize / 1024}Ki"),
        ["pods"] = "110",
    };

    private JsonObject Condition(string type, bool holds, string reason, string message) => new()
    {
        ["type"] = type,
        ["status"] = holds ? "True" : "False",
        ["reason"] = reason,
        ["message"] = message,
        ["lastHeartbeatTime"] = _since.ToApiTime(),
        ["lastTransitionTime"] = _since.ToApiTime(),
    };
}
