using Fairlead.ControlPlane.Controllers.Rows;

namespace Fairlead.ControlPlane.Controllers.Workloads;

/// <summary>What one pass over a ReplicaSet has to do. Deletions and creations exclude each other.</summary>
internal sealed record ReplicaSetPlan
{
    /// <summary>No pass handles more pods than this; the next one goes on (upstream's burst).</summary>
    public const int Burst = 500;

    public IReadOnlyList<PodInfo> Adopt { get; init; } = [];

    public IReadOnlyList<PodInfo> Release { get; init; } = [];

    public int Create { get; init; }

    public IReadOnlyList<PodInfo> Delete { get; init; } = [];

    public ReplicaSetStatus Status { get; init; } = new();

    /// <summary>When a pod will have been ready long enough; null when none is waiting for that.</summary>
    public DateTimeOffset? NextAvailable { get; init; }

    /// <summary>Plans for <paramref name="set"/>.</summary>
    /// <param name="set">The ReplicaSet, with a selector.</param>
    /// <param name="pods">Pods it owns, and pods of its namespace that nobody controls.</param>
    /// <param name="siblings">Pods per node of all ReplicaSets of the same owner.</param>
    /// <param name="now">The time of the pass.</param>
    public static ReplicaSetPlan For(ReplicaSetInfo set, IEnumerable<PodInfo> pods, IReadOnlyDictionary<string, int> siblings, DateTimeOffset now)
    {
        List<PodInfo> mine = [], adopt = [], release = [];
        foreach (var pod in pods)
        {
            var (owned, selected) = (pod.Meta.Controller?.Uid == set.Meta.Uid, set.Selector!.Matches(pod.Meta.Labels));
            if (owned && !selected)
            {
                release.Add(pod);
            }
            else if (owned || (selected && pod.Meta.Controller is null && pod.IsActive && set.Meta.Deleted is null))
            {
                mine.Add(pod);
                if (!owned)
                {
                    adopt.Add(pod);
                }
            }
        }

        var active = mine.Where(pod => pod.IsActive).ToList();
        var surplus = set.Meta.Deleted is null ? active.Count - set.Replicas : 0;
        return new ReplicaSetPlan
        {
            Adopt = adopt,
            Release = set.Meta.Deleted is null ? release : [],
            Create = Math.Clamp(-surplus, 0, Burst),
            Delete = surplus > 0 ? [.. PodRank.FirstToGo(active, siblings).Take(Math.Min(surplus, Burst))] : [],
            Status = StatusOf(set, active, now),
            NextAvailable = active.Where(pod => pod.IsReady && !pod.IsAvailable(set.MinReadySeconds, now))
                .Select(pod => pod.ReadySince?.AddSeconds(set.MinReadySeconds)).Min(),
        };
    }

    private static ReplicaSetStatus StatusOf(ReplicaSetInfo set, List<PodInfo> active, DateTimeOffset now) => new()
    {
        ObservedGeneration = set.Meta.Generation,
        Replicas = active.Count,
        FullyLabeled = active.Count(pod => pod.Meta.Labels.HasAll(set.TemplateLabels)),
        Ready = active.Count(pod => pod.IsReady),
        Available = active.Count(pod => pod.IsAvailable(set.MinReadySeconds, now)),
    };
}
