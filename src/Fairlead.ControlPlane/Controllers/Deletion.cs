using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.ControlPlane.Controllers;

/// <summary>Deletes one particular object: never another one that has taken its name meanwhile.</summary>
internal static class Deletion
{
    /// <summary>
    /// Deletes; an object that is gone already is success. <paramref name="policy"/> is Background, Foreground, Orphan, or empty for the kind's default.
    /// </summary>
    public static async Task DeleteAsync(IKubeApi api, ResourceType type, RowMeta meta, string policy, CancellationToken cancellationToken)
    {
        try
        {
            await api.DeleteAsync(type, meta.Key.Namespace, meta.Key.Name, Options(meta, policy), cancellationToken);
        }
        catch (KubeException e) when (e.Code is 404 || (e.Code == 409 && e.Message.Contains("UID", StringComparison.OrdinalIgnoreCase)))
        {
            // Gone, or another object by now.
            return;
        }
    }

    /// <summary>Deletes and lets the informer know at once.</summary>
    public static async Task DeleteAsync<TRow>(
        IKubeApi api, ResourceType type, RowMeta meta, Informer<TRow> informer, CancellationToken cancellationToken)
        where TRow : class, IObjectRow
    {
        try
        {
            var answer = await api.DeleteAsync(type, meta.Key.Namespace, meta.Key.Name, Options(meta, "Background"), cancellationToken);
            if (answer.Text("metadata", "uid") == meta.Uid && answer.Text("metadata", "deletionTimestamp").Length > 0)
            {
                informer.Observe(answer);
            }
            else
            {
                informer.ObserveGone(meta.Key, meta.Uid);
            }
        }
        catch (KubeException e) when (e.Code == 404)
        {
            informer.ObserveGone(meta.Key, meta.Uid);
        }
    }

    private static JsonObject Options(RowMeta meta, string policy)
    {
        var options = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "DeleteOptions",
            ["preconditions"] = new JsonObject { ["uid"] = meta.Uid },
        };
        if (policy.Length > 0)
        {
            options["propagationPolicy"] = policy;
        }

        return options;
    }
}
