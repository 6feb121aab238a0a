using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;
using Fairlead.Offline;
using Fairlead.OneMachine;
using Fairlead.Policy.Evaluate;
using Fairlead.Terminal;

namespace Fairlead.Expectations.Packets;

/// <summary>
/// What is brought up of manifests for a run with packets: namespaces, policies, and of every pod a stand-in with its labels and ports. The programs of the
/// pods are not: what is tested is who may reach whom.
/// </summary>
internal static class PacketObjects
{
    private static readonly TimeSpan PodsLimit = TimeSpan.FromSeconds(120);

    /// <summary>Creates everything, policies before the pods that they select, and waits until the pods are ready.</summary>
    /// <exception cref="UserError">An object is refused, or a pod does not become ready.</exception>
    public static async Task CreateAsync(IKubeApi api, ClusterView view, CancellationToken cancellationToken)
    {
        foreach (var row in view.World.Namespaces.Values)
        {
            var labels = new JsonObject { ["metadata"] = new JsonObject { ["name"] = row.Name, ["labels"] = row.Labels.ToJson() } };
            await ApplyAsync(api, ResourceTypes.Namespaces, "", row.Name, labels, cancellationToken);
        }

        foreach (var source in view.Sources.Values.Where(source => source.Kind is RuleReference.NetworkPolicy or RuleReference.ClusterNetworkPolicy))
        {
            if (KindTable.FindByKind(source.ApiVersion, source.Kind) is { } kind)
            {
                await ApplyAsync(api, kind.Type, source.Key.Namespace, source.Key.Name, source.Document.DeepClone().AsObject(), cancellationToken);
            }
        }

        var pods = view.World.Pods.Values.ToList();
        foreach (var pod in pods)
        {
            await ApplyAsync(api, ResourceTypes.Pods, pod.Key.Namespace, pod.Key.Name, StandIn(pod), cancellationToken);
        }

        var names = pods.Select(pod => $"{pod.Key}").ToHashSet(StringComparer.Ordinal);
        var ready = await Conditions.WaitAsync(
            api, ResourceTypes.Pods, "", items => items.Count(item => names.Contains($"{item.Text("metadata", "namespace")}/{item.Text("metadata", "name")}") && IsReady(item)) == names.Count,
            PodsLimit, cancellationToken);
        if (!ready)
        {
            throw new UserError($"the pods of the run are not ready after {PodsLimit.TotalSeconds:0} s", "`fairlead demo` shows whether pods become ready on this machine");
        }
    }

    private static bool IsReady(JsonObject pod) =>
        pod.Objects("status", "conditions").Any(condition => condition.Text("type") == "Ready" && condition.Text("status") == "True");

    private static async Task ApplyAsync(IKubeApi api, ResourceType type, string ns, string name, JsonObject document, CancellationToken cancellationToken)
    {
        try
        {
            try
            {
                await api.CreateAsync(type, ns, document.DeepClone().AsObject(), cancellationToken);
            }
            catch (KubeException e) when (e.IsAlreadyExists)
            {
                await api.PatchAsync(type, ns, name, "", PatchKind.Merge, document, cancellationToken);
            }
        }
        catch (Exception e) when (e is KubeException or HttpRequestException)
        {
            throw new UserError($"{type.Kind} {name}: {e.Message}");
        }
    }

    private static JsonObject StandIn(PodRow pod) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = pod.Key.Name, ["namespace"] = pod.Key.Namespace, ["labels"] = pod.Labels.ToJson() },
        ["spec"] = new JsonObject
        {
            ["hostNetwork"] = pod.HostNetwork,
            ["terminationGracePeriodSeconds"] = 0,
            ["containers"] = new JsonArray(new JsonObject
            {
                ["name"] = "stand-in",
                ["image"] = "stand-in",
                ["ports"] = new JsonArray([.. pod.Ports.DistinctBy(port => (port.Protocol, port.Port)).Select(port => new JsonObject
                {
                    ["name"] = port.Name.Length > 0 ? port.Name : null,
                    ["containerPort"] = (int)port.Port,
                    ["protocol"] = port.Protocol.Text(),
                })]),
            }),
        },
    };
}
