using Fairlead.ControlPlane.Controllers.Garbage;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Controllers.Namespaces;

/// <summary>What is next in emptying a namespace. Pure.</summary>
/// <param name="Delete">Objects to delete now.</param>
/// <param name="Waiting">Objects that are being deleted already and are not gone.</param>
/// <param name="Remaining">How many objects of each kind are left, for the namespace's conditions.</param>
/// <param name="Finalizers">How many objects wait for each finalizer.</param>
internal sealed record NamespacePlan(
    IReadOnlyList<GraphNode> Delete,
    int Waiting,
    IReadOnlyDictionary<string, int> Remaining,
    IReadOnlyDictionary<string, int> Finalizers)
{
    /// <summary>Nothing is left: the namespace may go.</summary>
    public bool IsEmpty => Delete.Count == 0 && Waiting == 0;

    /// <summary>
    /// Pods go first, and everything else only once they are gone: a policy that vanished before the pods it protects would leave them open
    /// (CVE-2024-7598).
    /// </summary>
    public static NamespacePlan For(IReadOnlyCollection<GraphNode> content)
    {
        var pods = content.Where(node => node.Type == ResourceTypes.Pods).ToList();
        var stage = pods.Count > 0 ? pods : content;
        return new NamespacePlan(
            [.. stage.Where(node => node.Meta.Deleted is null).OrderBy(node => node.Type.Plural, StringComparer.Ordinal).ThenBy(node => node.Meta.Key)],
            stage.Count(node => node.Meta.Deleted is not null),
            content.CountBy(node => node.Type.Group.Length == 0 ? node.Type.Plural : $"{node.Type.Plural}.{node.Type.Group}").ToDictionary(),
            content.Where(node => node.Meta.Deleted is not null).SelectMany(node => node.Meta.Finalizers).CountBy(name => name).ToDictionary());
    }
}
