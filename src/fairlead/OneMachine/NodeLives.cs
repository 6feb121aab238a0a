using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.OneMachine;

/// <summary>
/// What is on record of nodes that have just been made is of an earlier life: their links are gone with the attachments the agent wrote down, and they
/// are not ready until they say so.
/// </summary>
internal static class NodeLives
{
    /// <summary>Removes the agent's files of these nodes, and says of the Node objects that are there that nothing is known.</summary>
    /// <param name="spec">The cluster.</param>
    /// <param name="paths">Where it keeps things.</param>
    /// <param name="made">Numbers of the nodes whose namespace was made.</param>
    /// <param name="api">The API.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="IOException">A file cannot be removed.</exception>
    public static async Task ForgetAsync(ClusterSpec spec, ClusterPaths paths, IReadOnlyList<int> made, IKubeApi api, CancellationToken cancellationToken)
    {
        foreach (var node in made.Select(spec.NodeName))
        {
            if (Directory.Exists(paths.Node(node)))
            {
                Directory.Delete(paths.Node(node), recursive: true);
            }

            var condition = new JsonObject
            {
                ["type"] = "Ready",
                ["status"] = "Unknown",
                ["reason"] = "NodeStatusUnknown",
                ["message"] = "The node is started anew.",
                ["lastTransitionTime"] = TimeProvider.System.GetUtcNow().ToApiTime(),
            };
            var status = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } };
            try
            {
                await api.PatchAsync(ResourceTypes.Nodes, "", node, "status", PatchKind.Strategic, status, cancellationToken);
            }
            catch (KubeException e) when (e.IsNotFound)
            {
                // Its first life.
                continue;
            }
        }
    }
}
