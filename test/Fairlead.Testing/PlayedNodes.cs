using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.Testing;

/// <summary>
/// Does to pods what nodes do, as far as the API shows it: a bound pod runs and is Ready at an address of its own, a terminating one goes. For tests
/// of what lies between the API and the nodes.
/// </summary>
public sealed class PlayedNodes(IKubeApi api, TimeProvider time)
{
    private int _number;

    /// <summary>Adds a node that is Ready, in a zone of its own.</summary>
    public static async Task AddAsync(IKubeApi api, string name, string zone)
    {
        var labels = new JsonObject { ["topology.kubernetes.io/zone"] = zone, ["kubernetes.io/hostname"] = name };
        await api.CreateAsync(ResourceTypes.Nodes, "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = labels } }, default);
        var ready = new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }) };
        await api.PatchAsync(ResourceTypes.Nodes, "", name, "status", PatchKind.Strategic, new JsonObject { ["status"] = ready }, default);
    }

    /// <summary>Plays until stopped.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var list = await api.ListAsync(ResourceTypes.Pods, "", ListOptions.All, cancellationToken);
        foreach (var pod in list.Objects("items").ToList())
        {
            await PlayAsync(pod, cancellationToken);
        }

        var options = new ListOptions { ResourceVersion = list.Text("metadata", "resourceVersion") };
        await foreach (var change in api.WatchAsync(ResourceTypes.Pods, "", options, cancellationToken))
        {
            if (change.Type is "ADDED" or "MODIFIED")
            {
                await PlayAsync(change.Object, cancellationToken);
            }
        }
    }

    private async Task PlayAsync(JsonObject pod, CancellationToken cancellationToken)
    {
        var (space, name) = (pod.Text("metadata", "namespace"), pod.Text("metadata", "name"));
        try
        {
            if (pod.Text("metadata", "deletionTimestamp").Length > 0)
            {
                await api.DeleteAsync(ResourceTypes.Pods, space, name, new JsonObject { ["gracePeriodSeconds"] = 0 }, cancellationToken);
            }
            else if (pod.Text("spec", "nodeName").Length > 0 && pod.Text("status", "podIP").Length == 0)
            {
                var patch = new JsonObject { ["status"] = Running(++_number) };
                await api.PatchAsync(ResourceTypes.Pods, space, name, "status", PatchKind.Strategic, patch, cancellationToken);
            }
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // Deleted between the event and the answer to it, as happens to real nodes.
            return;
        }
    }

    private JsonObject Running(int number)
    {
        var address = $"10.244.{number / 250}.{(number % 250) + 1}";
        return new JsonObject
        {
            ["phase"] = "Running",
            ["podIP"] = address,
            ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = address }),
            ["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "Ready",
                ["status"] = "True",
                ["lastTransitionTime"] = time.GetUtcNow().ToApiTime(),
            }),
        };
    }
}
