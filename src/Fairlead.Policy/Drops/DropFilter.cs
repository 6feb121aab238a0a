namespace Fairlead.Policy.Drops;

/// <summary>Which records are asked for. Empty fields ask for nothing.</summary>
/// <param name="Namespace">A namespace that one of the two ends is in.</param>
/// <param name="Pod">A pod that is one of the ends: <c>name</c> or <c>namespace/name</c>.</param>
/// <param name="From">Who sent it: a pod, or an address.</param>
/// <param name="To">Whom it was for: a pod, or an address.</param>
/// <param name="Direction"><c>in</c> or <c>out</c>.</param>
/// <param name="Policy">A policy that denies it or isolates the pod: <c>name</c> or <c>namespace/name</c>.</param>
public sealed record DropFilter(string Namespace = "", string Pod = "", string From = "", string To = "", string Direction = "", string Policy = "")
{
    /// <summary>Whether the record is asked for.</summary>
    public bool Takes(DropRecord record) =>
        (Direction.Length == 0 || record.Direction == Direction)
        && (Namespace.Length == 0 || record.From.Namespace == Namespace || record.To.Namespace == Namespace)
        && (Pod.Length == 0 || IsPod(record.From, Pod) || IsPod(record.To, Pod))
        && (From.Length == 0 || Is(record.From, From))
        && (To.Length == 0 || Is(record.To, To))
        && (Policy.Length == 0 || record.Policies.Any(policy => Named(Policy, policy.Namespace, policy.Name)));

    /// <summary>Whether <paramref name="asked"/>, with or without a namespace, is that name.</summary>
    public bool Named(string asked, string space, string name) => asked.Contains('/', StringComparison.Ordinal)
        ? asked == $"{space}/{name}"
        : asked == name && (Namespace.Length == 0 || space.Length == 0 || space == Namespace);

    private bool IsPod(DropEnd end, string asked) => end.Pod is not null && Named(asked, end.Namespace!, end.Pod);

    private bool Is(DropEnd end, string asked) => end.Address == asked || IsPod(end, asked);
}
