using System.Globalization;
using Fairlead.Cluster.Controllers;
using Fairlead.ControlPlane.Controllers.Rows;

namespace Fairlead.ControlPlane.Controllers.Workloads;

/// <summary>A ReplicaSet to be made.</summary>
internal sealed record NewReplicaSet(string Name, string Hash, int Replicas, IReadOnlyDictionary<string, string> Annotations);

/// <summary>A change of a ReplicaSet: its size and the annotations that differ.</summary>
internal sealed record SetChange(ReplicaSetInfo Set, int Size, IReadOnlyDictionary<string, string> Annotations);

/// <summary>
/// What one pass over a Deployment has to do: one step of its rollout. The next step follows when the ReplicaSets say what came of this one.
/// </summary>
internal sealed record DeploymentPlan
{
    public const string Revision = "deployment.kubernetes.io/revision";
    public const string RevisionHistory = "deployment.kubernetes.io/revision-history";

    // What a Deployment says about itself, not about its ReplicaSets.
    private static readonly HashSet<string> OwnAnnotations =
        ["kubectl.kubernetes.io/last-applied-configuration", Revision, RevisionHistory, Rollout.DesiredReplicas, Rollout.MaxReplicas];

    public IReadOnlyList<ReplicaSetInfo> Adopt { get; init; } = [];

    public IReadOnlyList<ReplicaSetInfo> Release { get; init; } = [];

    public NewReplicaSet? Create { get; init; }

    public IReadOnlyList<SetChange> Change { get; init; } = [];

    public IReadOnlyList<ReplicaSetInfo> Delete { get; init; } = [];

    /// <summary>The revision to write on the Deployment; null when it is there already.</summary>
    public string? NewRevision { get; init; }

    public DeploymentStatus Status { get; init; } = new();

    /// <summary>When the deadline for progress passes; null when none runs.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Plans for <paramref name="deployment"/>.</summary>
    /// <param name="deployment">The Deployment, with a selector.</param>
    /// <param name="sets">ReplicaSets it owns, and those of its namespace that nobody controls.</param>
    /// <param name="living">Uids of ReplicaSets that still have pods, terminating ones included.</param>
    /// <param name="now">The time of the pass.</param>
    public static DeploymentPlan For(DeploymentInfo deployment, IEnumerable<ReplicaSetInfo> sets, IReadOnlySet<string> living, DateTimeOffset now)
    {
        List<ReplicaSetInfo> mine = [], adopt = [], release = [];
        foreach (var set in sets)
        {
            var (owned, selected) = (set.Meta.Controller?.Uid == deployment.Meta.Uid, deployment.Selector!.Matches(set.Meta.Labels));
            if (owned ? selected : selected && set.Meta.Controller is null && set.Meta.Deleted is null)
            {
                mine.Add(set);
            }

            if (owned != selected && (owned || set.Meta.Controller is null))
            {
                (owned ? release : adopt).Add(set);
            }
        }

        if (deployment.Meta.Deleted is not null)
        {
            return new DeploymentPlan { Status = deployment.Status };
        }

        var current = Current(deployment, mine);
        var plan = new Step(deployment, current, [.. mine.Where(set => !ReferenceEquals(set, current))], living).Plan();
        var condition = DeploymentConditions.For(deployment, current, mine, plan.Create, now);
        return plan with { Adopt = adopt, Release = release, Status = condition.Status, Deadline = condition.Deadline };
    }

    /// <summary>The ReplicaSet of the Deployment's present template; of several alike the oldest.</summary>
    public static ReplicaSetInfo? Current(DeploymentInfo deployment, IEnumerable<ReplicaSetInfo> sets)
    {
        var template = PodTemplate.WithoutHash(deployment.Template);
        return sets.Where(set => PodTemplate.WithoutHash(set.Template) == template)
            .OrderBy(set => set.Meta.Created).ThenBy(set => set.Meta.Key.Name, StringComparer.Ordinal).FirstOrDefault();
    }

    /// <summary>The number in a revision annotation; 0 when there is none.</summary>
    public static long RevisionOf(RowMeta meta) =>
        long.TryParse(meta.Annotations[Revision], NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? revision : 0;

    private sealed class Step(DeploymentInfo deployment, ReplicaSetInfo? current, IReadOnlyList<ReplicaSetInfo> old, IReadOnlySet<string> living)
    {
        private readonly Dictionary<ReplicaSetInfo, int> _sizes = new(ReferenceEqualityComparer.Instance);
        private readonly long _revision = old.Select(set => RevisionOf(set.Meta)).DefaultIfEmpty().Max() + 1;

        private List<ReplicaSetInfo> All => current is null ? [.. old] : [.. old, current];

        public DeploymentPlan Plan()
        {
            NewReplicaSet? create = null;
            IReadOnlyList<ReplicaSetInfo> delete = [];
            if (deployment.Paused || IsScaling())
            {
                Resize();
            }
            else if (!(deployment.Recreate && StopOld()))
            {
                var size = Rollout.NewSize(deployment, current, All);
                if (current is null)
                {
                    create = New(size);
                }
                else if (size != current.Replicas)
                {
                    _sizes[current] = size;
                }
                else if (!deployment.Recreate)
                {
                    Set(Rollout.ShrinkOld(deployment, current, old));
                }
            }

            List<SetChange> changes = [.. All.Select(Change).OfType<SetChange>()];
            if (changes.Count == 0 && create is null && (deployment.Paused || DeploymentConditions.IsComplete(deployment, current, All)))
            {
                delete = Outdated();
            }

            var revision = current is null ? _revision : Math.Max(_revision, RevisionOf(current.Meta));
            var isNew = (current is not null || create is not null) && RevisionOf(deployment.Meta) != revision;
            return new DeploymentPlan
            {
                Create = create,
                Change = changes,
                Delete = delete,
                NewRevision = isNew ? revision.ToString(CultureInfo.InvariantCulture) : null,
            };
        }

        /// <summary>True when somebody has scaled the Deployment since its ReplicaSets were sized.</summary>
        private bool IsScaling() => All.Any(set => set.Replicas > 0
            && set.Meta.Annotations[Rollout.DesiredReplicas] is { } desired && desired != Text(deployment.Replicas));

        private void Resize()
        {
            var active = All.Where(set => set.Replicas > 0).ToList();
            if (active.Count <= 1)
            {
                // Nothing is being rolled out: what there is takes it all.
                if ((active.Count == 1 ? active[0] : current ?? old.MaxBy(set => RevisionOf(set.Meta))) is { } only)
                {
                    _sizes[only] = deployment.Replicas;
                }
            }
            else if (current is not null && current.Replicas == deployment.Replicas && current.Status.Available == deployment.Replicas)
            {
                Set([.. old.Where(set => set.Replicas > 0).Select(set => (set, 0))]);
            }
            else if (!deployment.Recreate)
            {
                Set(Rollout.Proportional(deployment, active));
            }
        }

        /// <summary>Recreate: true while anything old still runs.</summary>
        private bool StopOld()
        {
            Set([.. old.Where(set => set.Replicas > 0).Select(set => (set, 0))]);
            return _sizes.Count > 0 || old.Any(set => set.Status.Replicas > 0 || living.Contains(set.Meta.Uid));
        }

        private void Set(IEnumerable<(ReplicaSetInfo Set, int Size)> sizes)
        {
            foreach (var (set, size) in sizes)
            {
                _sizes[set] = size;
            }
        }

        private NewReplicaSet New(int size)
        {
            var hash = PodTemplate.Hash(PodTemplate.WithoutHash(deployment.Template), deployment.Status.CollisionCount);
            var annotations = Copied();
            annotations[Revision] = Text(_revision);
            annotations[Rollout.DesiredReplicas] = Text(deployment.Replicas);
            annotations[Rollout.MaxReplicas] = Text(deployment.Replicas + Rollout.Surge(deployment));
            return new NewReplicaSet($"{deployment.Meta.Key.Name}-{hash}", hash, size, annotations);
        }

        private SetChange? Change(ReplicaSetInfo set)
        {
            var resized = _sizes.TryGetValue(set, out var size);
            size = resized ? size : set.Replicas;
            var wanted = ReferenceEquals(set, current) ? Copied() : [];
            if (ReferenceEquals(set, current) && RevisionOf(set.Meta) < _revision)
            {
                wanted[Revision] = Text(_revision);
                if (set.Meta.Annotations[Revision] is { } earlier)
                {
                    wanted[RevisionHistory] = set.Meta.Annotations[RevisionHistory] is { Length: > 0 } history ? $"{history},{earlier}" : earlier;
                }
            }

            // A size that stays is confirmed too, or the next pass takes it for a scaling again.
            if (resized || size > 0)
            {
                wanted[Rollout.DesiredReplicas] = Text(deployment.Replicas);
                wanted[Rollout.MaxReplicas] = Text(deployment.Replicas + Rollout.Surge(deployment));
            }

            var differing = wanted.Where(pair => set.Meta.Annotations[pair.Key] != pair.Value).ToDictionary();
            return size == set.Replicas && differing.Count == 0 ? null : new SetChange(set, size, differing);
        }

        private Dictionary<string, string> Copied() =>
            deployment.Meta.Annotations.Where(pair => !OwnAnnotations.Contains(pair.Key)).ToDictionary(pair => pair.Key, pair => pair.Value);

        /// <summary>Old ReplicaSets beyond the history limit, the earliest revisions.</summary>
        private List<ReplicaSetInfo> Outdated()
        {
            var idle = old.Where(set => set.Meta.Deleted is null).OrderBy(set => RevisionOf(set.Meta)).ThenBy(set => set.Meta.Created).ToList();
            return [.. idle.Take(Math.Max(0, idle.Count - deployment.RevisionHistoryLimit)).Where(set =>
                set is { Replicas: 0, Status.Replicas: 0 } && set.Status.ObservedGeneration >= set.Meta.Generation)];
        }

        private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
    }
}
