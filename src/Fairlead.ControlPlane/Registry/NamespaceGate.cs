using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Registry;

/// <summary>Objects are created in namespaces that exist and stay; the namespaces the cluster lives in are not deleted.</summary>
internal static class NamespaceGate
{
    private static readonly ResourceType Namespaces = new("", "v1", "namespaces", "Namespace", false);
    private static readonly string[] Immortal = ["default", "kube-system", "kube-public"];

    /// <summary>Refuses a create in a namespace that is missing (404) or going (403).</summary>
    /// <exception cref="StatusException">404 or 403.</exception>
    public static void Check(ObjectStore store, KindDefinition kind, string ns, string name)
    {
        if (!kind.Type.Namespaced)
        {
            return;
        }

        if (ns.Length == 0)
        {
            throw StatusException.BadRequest("an empty namespace may not be set during creation");
        }

        var stored = store.Get(new ObjectId("namespaces", "", ns)) ?? throw StatusException.NotFound(Namespaces, ns);
        if (ObjectMeta.IsDeleting(stored.Parse()))
        {
            throw StatusException.Forbidden(
                kind.Type, name, $"unable to create new content in namespace {ns} because it is being terminated",
                new JsonArray(new JsonObject
                {
                    ["reason"] = "NamespaceTerminating",
                    ["message"] = $"namespace {ns} is being terminated",
                    ["field"] = "metadata.namespace",
                }));
        }
    }

    /// <summary>Refuses to delete what the cluster needs.</summary>
    /// <exception cref="StatusException">403.</exception>
    public static void CheckDelete(KindDefinition kind, string name)
    {
        if (kind.Type == Namespaces && Immortal.Contains(name))
        {
            throw StatusException.Forbidden(kind.Type, name, "this namespace may not be deleted");
        }
    }
}
