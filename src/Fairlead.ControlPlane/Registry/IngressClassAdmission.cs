using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Registry;

/// <summary>
/// Gives a new Ingress that names no class the default one (upstream's admission plugin DefaultIngressClass): of several that claim to be it the newest,
/// of those equally old the first by name. An IngressClass that is stored counts from its next Ingress on.
/// </summary>
internal static class IngressClassAdmission
{
    /// <summary>Completes an Ingress that is about to be created.</summary>
    public static void Admit(ObjectStore store, KindDefinition kind, JsonObject ingress)
    {
        if (kind is IngressKind && !ingress.Object("spec").Has("ingressClassName")
            && ingress.Text("metadata", "annotations", IngressRow.ClassAnnotation) is null && DefaultClass(store) is { } name)
        {
            ingress.Ensure("spec")["ingressClassName"] = name;
        }
    }

    private static string? DefaultClass(ObjectStore store)
    {
        var classes = store.Snapshot(KindIndex.Resource(ResourceTypes.IngressClasses)).Objects.Values.Select(stored => stored.Parse());
        return classes.Where(one => one.Text("metadata", "annotations", IngressClassRow.DefaultAnnotation) == "true")
            .OrderByDescending(one => Print.ParseTime(one.Text("metadata", "creationTimestamp")))
            .ThenBy(ObjectMeta.Name, StringComparer.Ordinal)
            .Select(ObjectMeta.Name)
            .FirstOrDefault();
    }
}
