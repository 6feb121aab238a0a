using System.Globalization;
using Fairlead.ControlPlane.Controllers.Rows;

namespace Fairlead.ControlPlane.Controllers.Workloads;

/// <summary>
/// The arithmetic of a rollout: how many replicas each ReplicaSet may have next. Pure; the numbers and the order are those that users of
/// <c>kubectl rollout</c> know from upstream's deployment controller.
/// </summary>
internal static class Rollout
{
    public const string MaxReplicas = "deployment.kubernetes.io/max-replicas";
    public const string DesiredReplicas = "deployment.kubernetes.io/desired-replicas";

    /// <summary>How many pods more than asked for there may be: a percentage is rounded up.</summary>
    public static int Surge(DeploymentInfo deployment) => deployment.Recreate ? 0 : Resolve(deployment.MaxSurge, deployment.Replicas, up: true);

    /// <summary>How many pods fewer than asked for may be available: a percentage is rounded down; at least 1 when nothing may surge.</summary>
    public static int Unavailable(DeploymentInfo deployment)
    {
        if (deployment.Recreate || deployment.Replicas == 0)
        {
            return 0;
        }

        var unavailable = Resolve(deployment.MaxUnavailable, deployment.Replicas, up: false);
        return unavailable == 0 && Surge(deployment) == 0 ? 1 : Math.Min(unavailable, deployment.Replicas);
    }

    /// <summary>The size of the new ReplicaSet in the next step.</summary>
    public static int NewSize(DeploymentInfo deployment, ReplicaSetInfo? current, IEnumerable<ReplicaSetInfo> all)
    {
        var size = current?.Replicas ?? 0;
        if (deployment.Recreate || size > deployment.Replicas)
        {
            return deployment.Replicas;
        }

        var room = deployment.Replicas + Surge(deployment) - all.Sum(set => set.Replicas);
        return room <= 0 ? size : size + Math.Min(room, deployment.Replicas - size);
    }

    /// <summary>The old ReplicaSets that shrink in the next step, with their new size: first what is not available anyway, then as many as may go.</summary>
    public static IReadOnlyList<(ReplicaSetInfo Set, int Size)> ShrinkOld(
        DeploymentInfo deployment, ReplicaSetInfo current, IReadOnlyList<ReplicaSetInfo> old)
    {
        var minimum = deployment.Replicas - Unavailable(deployment);
        var all = old.Append(current).ToList();
        var mayGo = all.Sum(set => set.Replicas) - minimum - (current.Replicas - current.Status.Available);
        if (mayGo <= 0)
        {
            return [];
        }

        var sizes = old.OrderBy(set => set.Meta.Created).Select(set => (Set: set, Size: set.Replicas)).ToList();
        Shrink(sizes, mayGo, entry => entry.Size - entry.Set.Status.Available);
        Shrink(sizes, Math.Min(mayGo - Gone(sizes), all.Sum(set => set.Status.Available) - minimum), entry => entry.Size);
        return [.. sizes.Where(entry => entry.Size != entry.Set.Replicas)];
    }

    /// <summary>
    /// New sizes after <c>kubectl scale</c> in the middle of a rollout: each ReplicaSet grows or shrinks in proportion, the largest takes the rest.
    /// </summary>
    public static IReadOnlyList<(ReplicaSetInfo Set, int Size)> Proportional(DeploymentInfo deployment, IReadOnlyList<ReplicaSetInfo> active)
    {
        var allowed = deployment.Replicas > 0 ? deployment.Replicas + Surge(deployment) : 0;
        var toAdd = allowed - active.Sum(set => set.Replicas);
        var ordered = toAdd > 0
            ? active.OrderByDescending(set => set.Replicas).ThenByDescending(set => set.Meta.Created).ToList()
            : [.. active.OrderByDescending(set => set.Replicas).ThenBy(set => set.Meta.Created)];
        var sizes = new List<(ReplicaSetInfo Set, int Size)>(ordered.Count);
        var added = 0;
        foreach (var set in ordered)
        {
            var share = Share(deployment, set, allowed);
            share = toAdd > 0 ? Math.Clamp(share, 0, toAdd - added) : Math.Clamp(share, toAdd - added, 0);
            added += share;
            sizes.Add((set, set.Replicas + share));
        }

        if (sizes.Count > 0)
        {
            sizes[0] = (sizes[0].Set, Math.Max(0, sizes[0].Size + toAdd - added));
        }

        return sizes;
    }

    /// <summary>Reads IntOrString against a total; malformed text counts as 0 (the server's validation does not let it in).</summary>
    public static int Resolve(string value, int total, bool up)
    {
        var isPercent = value.EndsWith('%');
        if (!int.TryParse(isPercent ? value.AsSpan(0, value.Length - 1) : value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return 0;
        }

        return isPercent ? (int)(((long)number * total + (up ? 99 : 0)) / 100) : number;
    }

    private static int Share(DeploymentInfo deployment, ReplicaSetInfo set, int allowed)
    {
        if (deployment.Replicas == 0)
        {
            return -set.Replicas;
        }

        var before = int.TryParse(set.Meta.Annotations[MaxReplicas], NumberStyles.None, CultureInfo.InvariantCulture, out var annotated) && annotated > 0
            ? annotated
            : Math.Max(1, deployment.Status.Replicas);
        return (int)Math.Round((double)set.Replicas * allowed / before, MidpointRounding.AwayFromZero) - set.Replicas;
    }

    private static int Gone(List<(ReplicaSetInfo Set, int Size)> sizes) => sizes.Sum(entry => entry.Set.Replicas - entry.Size);

    private static void Shrink(List<(ReplicaSetInfo Set, int Size)> sizes, int budget, Func<(ReplicaSetInfo Set, int Size), int> most)
    {
        for (var i = 0; i < sizes.Count && budget > 0; i++)
        {
            var by = Math.Clamp(most(sizes[i]), 0, Math.Min(budget, sizes[i].Size));
            sizes[i] = (sizes[i].Set, sizes[i].Size - by);
            budget -= by;
        }
    }
}
