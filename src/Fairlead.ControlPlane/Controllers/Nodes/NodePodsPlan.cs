using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.ControlPlane.Controllers.Scheduling;

namespace Fairlead.ControlPlane.Controllers.Nodes;

/// <summary>How long a pod stays on a node whose taints have effect NoExecute. Pure.</summary>
internal static class NodePodsPlan
{
    /// <summary>
    /// When the pod goes; null when it stays. Each taint's time runs from when it came, which the Node itself says, so that a control plane that
    /// starts anew lets nobody stay longer.
    /// </summary>
    public static DateTimeOffset? GoesAt(PodInfo pod, IEnumerable<Taint> taints, DateTimeOffset now) =>
        taints.Select(taint => (taint.Since ?? now) + StaysFor(pod, [taint])).Min();

    /// <summary>
    /// How long after the taints came the pod goes; null when it stays. Of several tolerations the shortest counts, and a taint that none covers
    /// leaves no time (upstream's taint manager).
    /// </summary>
    public static TimeSpan? StaysFor(PodInfo pod, IEnumerable<Taint> taints)
    {
        TimeSpan? shortest = null;
        foreach (var taint in taints.Where(taint => taint.Effect == "NoExecute"))
        {
            var covering = pod.Tolerations.Where(toleration => Placement.Covers(toleration, taint)).ToList();
            if (covering.Count == 0)
            {
                return TimeSpan.Zero;
            }

            foreach (var seconds in covering.Select(toleration => toleration.Seconds).OfType<long>())
            {
                var stay = TimeSpan.FromSeconds(Math.Clamp(seconds, 0, int.MaxValue));
                shortest = shortest is { } other && other < stay ? other : stay;
            }
        }

        return shortest;
    }
}
