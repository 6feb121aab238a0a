using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Workloads;

/// <summary>What a Deployment says of itself: counts, and the conditions Available and Progressing that kubectl reads. Pure.</summary>
internal static class DeploymentConditions
{
    /// <summary>The status, and when the deadline for progress passes (null when none runs).</summary>
    public static (DeploymentStatus Status, DateTimeOffset? Deadline) For(
        DeploymentInfo deployment, ReplicaSetInfo? current, IReadOnlyList<ReplicaSetInfo> all, NewReplicaSet? created, DateTimeOffset now)
    {
        var available = all.Sum(set => set.Status.Available);
        var status = deployment.Status with
        {
            ObservedGeneration = deployment.Meta.Generation,
            Replicas = all.Sum(set => set.Status.Replicas),
            Updated = current?.Status.Replicas ?? 0,
            Ready = all.Sum(set => set.Status.Ready),
            Available = available,
            Unavailable = Math.Max(0, all.Sum(set => set.Replicas) - available),
        };
        var progressing = Progressing(deployment, current, all, created, status, now);
        var failure = all.FirstOrDefault(set => set.Status.Failure.Length > 0)?.Status.Failure;
        var conditions = new List<StatusCondition?>
        {
            AvailableCondition(deployment, available, now),
            progressing,
            failure is null ? null : Keep(deployment, new StatusCondition("ReplicaFailure", "True", "FailedCreate", failure, now, now)),
        };
        var waiting = progressing is { Status: not "False" } and not { Reason: "NewReplicaSetAvailable" } && !deployment.Paused && HasDeadline(deployment);
        return (
            status with { Conditions = conditions.OfType<StatusCondition>().ToValueArray() },
            waiting ? progressing!.Updated.AddSeconds(deployment.ProgressDeadlineSeconds) : null);
    }

    /// <summary>The new ReplicaSet has every replica, all available, and nothing old runs.</summary>
    public static bool IsComplete(DeploymentInfo deployment, ReplicaSetInfo? current, IReadOnlyList<ReplicaSetInfo> all) =>
        current is not null
        && current.Status.Replicas == deployment.Replicas
        && all.Sum(set => set.Status.Replicas) == deployment.Replicas
        && all.Sum(set => set.Status.Available) == deployment.Replicas;

    private static StatusCondition AvailableCondition(DeploymentInfo deployment, int available, DateTimeOffset now) => Keep(
        deployment,
        available >= deployment.Replicas - Rollout.Unavailable(deployment)
            ? new("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now, now)
            : new("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", now, now));

    private static StatusCondition? Progressing(
        DeploymentInfo deployment, ReplicaSetInfo? current, IReadOnlyList<ReplicaSetInfo> all, NewReplicaSet? created, DeploymentStatus status, DateTimeOffset now)
    {
        var before = deployment.Status.Condition("Progressing");
        if (!HasDeadline(deployment))
        {
            return null;
        }

        if (deployment.Paused)
        {
            return before is { Reason: "ProgressDeadlineExceeded" }
                ? before
                : Keep(deployment, new("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", now, now));
        }

        if (created is not null)
        {
            return new("Progressing", "True", "NewReplicaSetCreated", $"Created new replica set \"{created.Name}\"", now, Changed(before, "True", now));
        }

        var name = current?.Meta.Key.Name ?? deployment.Meta.Key.Name;
        if (IsComplete(deployment, current, all))
        {
            return Keep(deployment, new(
                "Progressing", "True", "NewReplicaSetAvailable", $"ReplicaSet \"{name}\" has successfully progressed.", now, now));
        }

        if (before is { Reason: "DeploymentPaused" })
        {
            return new("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", now, Changed(before, "Unknown", now));
        }

        // A rollout that had come to its end and only lost a pod is not a new rollout.
        var settled = before is { Reason: "NewReplicaSetAvailable" } && status.Replicas == status.Updated;
        if (!settled && (before is null or { Reason: "NewReplicaSetAvailable" } || HasProgressed(deployment.Status, status)))
        {
            return new("Progressing", "True", "ReplicaSetUpdated", $"ReplicaSet \"{name}\" is progressing.", now, Changed(before, "True", now));
        }

        var expired = !settled && before!.Reason != "ProgressDeadlineExceeded" && before.Updated.AddSeconds(deployment.ProgressDeadlineSeconds) <= now;
        return expired
            ? new("Progressing", "False", "ProgressDeadlineExceeded", $"ReplicaSet \"{name}\" has timed out progressing.", now, Changed(before, "False", now))
            : before;
    }

    private static bool HasProgressed(DeploymentStatus before, DeploymentStatus after) =>
        after.Updated > before.Updated
        || after.Replicas - after.Updated < before.Replicas - before.Updated
        || after.Ready > before.Ready
        || after.Available > before.Available;

    private static bool HasDeadline(DeploymentInfo deployment) => deployment.ProgressDeadlineSeconds != int.MaxValue;

    private static DateTimeOffset Changed(StatusCondition? before, string status, DateTimeOffset now) => before?.Status == status ? before.Changed : now;

    /// <summary>The same condition again keeps its times, so that a pass without news writes nothing.</summary>
    private static StatusCondition Keep(DeploymentInfo deployment, StatusCondition condition)
    {
        var before = deployment.Status.Condition(condition.Type);
        if (before is null || (before with { Updated = default, Changed = default }) != (condition with { Updated = default, Changed = default }))
        {
            return condition with { Changed = Changed(before, condition.Status, condition.Changed) };
        }

        return before;
    }
}
