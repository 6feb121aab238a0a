using System.Globalization;
using Fairlead.ControlPlane.Controllers.Rows;

namespace Fairlead.ControlPlane.Controllers.Workloads;

/// <summary>
/// Which pods a ReplicaSet deletes first: what serves least. In order: without a node, pending, not ready, cheap to delete by annotation, on the node
/// with most siblings, ready for less long, restarted more often, younger. Pure and total: the same pods always rank alike.
/// </summary>
internal static class PodRank
{
    private const string DeletionCost = "controller.kubernetes.io/pod-deletion-cost";

    public static IEnumerable<PodInfo> FirstToGo(IReadOnlyCollection<PodInfo> pods, IReadOnlyDictionary<string, int> siblings)
    {
        return pods
            .OrderBy(pod => pod.NodeName.Length > 0)
            .ThenBy(pod => pod.Phase switch { "Pending" or "" => 0, "Unknown" => 1, _ => 2 })
            .ThenBy(pod => pod.IsReady)
            .ThenBy(Cost)
            .ThenByDescending(pod => siblings.GetValueOrDefault(pod.NodeName))
            .ThenByDescending(pod => pod.ReadySince)
            .ThenByDescending(pod => pod.Restarts)
            .ThenByDescending(pod => pod.Meta.Created)
            .ThenBy(pod => pod.Meta.Key.Name, StringComparer.Ordinal);
    }

    private static int Cost(PodInfo pod) =>
        int.TryParse(pod.Meta.Annotations[DeletionCost], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var cost) ? cost : 0;
}
