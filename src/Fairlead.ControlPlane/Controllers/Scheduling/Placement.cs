using System.Globalization;
using Fairlead.ControlPlane.Controllers.Rows;

namespace Fairlead.ControlPlane.Controllers.Scheduling;

/// <summary>A node with what already runs on it.</summary>
internal sealed record Candidate(NodeInfo Node, int Pods, Func<(string Protocol, int Port), bool> PortTaken)
{
    /// <summary>Pods of the same owner on the node: of equally filled nodes the one with fewer spreads better.</summary>
    public int Siblings { get; init; }
}

/// <summary>Where a pod goes: a node's name, or why nowhere (the words of kubectl describe).</summary>
internal readonly record struct PlacementResult(string? Node, string Reason);

/// <summary>Chooses a node for a pod. Pure.</summary>
internal static class Placement
{
    private const string UnschedulableTaint = "node.kubernetes.io/unschedulable";

    /// <summary>The fitting node with the fewest pods, then the fewest siblings, then the first by name.</summary>
    public static PlacementResult Choose(PodInfo pod, IReadOnlyCollection<Candidate> candidates)
    {
        Candidate? best = null;
        var refusals = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var candidate in candidates)
        {
            if (Refusal(pod, candidate) is { } refusal)
            {
                refusals[refusal] = refusals.GetValueOrDefault(refusal) + 1;
            }
            else if (best is null || Order(candidate).CompareTo(Order(best)) < 0)
            {
                best = candidate;
            }
        }

        return best is not null ? new(best.Node.Name, "") : new(null, Describe(candidates.Count, refusals));
    }

    /// <summary>Why the node does not fit, or null when it does.</summary>
    public static string? Refusal(PodInfo pod, Candidate candidate)
    {
        var node = candidate.Node;
        if (node.Unschedulable && !Tolerates(pod, new Taint(UnschedulableTaint, "", "NoSchedule")))
        {
            return "node(s) were unschedulable";
        }

        if (node.Ready != "True")
        {
            return "node(s) were not ready";
        }

        if (node.Taints.FirstOrDefault(taint => taint.Effect is "NoSchedule" or "NoExecute" && !Tolerates(pod, taint)) is { } unmet)
        {
            return $"node(s) had untolerated taint {{{unmet.Key}: {unmet.Value}}}";
        }

        if (!Selected(pod, node))
        {
            return "node(s) didn't match Pod's node affinity/selector";
        }

        if (candidate.Pods >= node.PodCapacity)
        {
            return "Too many pods";
        }

        return pod.HostPorts.Any(candidate.PortTaken) ? "node(s) didn't have free ports for the requested pod ports" : null;
    }

    /// <summary>True when some toleration of the pod covers the taint.</summary>
    public static bool Tolerates(PodInfo pod, Taint taint) => pod.Tolerations.Any(toleration => Covers(toleration, taint));

    /// <summary>True when the toleration covers the taint.</summary>
    public static bool Covers(Toleration toleration, Taint taint) =>
        (toleration.Effect.Length == 0 || toleration.Effect == taint.Effect)
        && (toleration.Key.Length == 0 ? toleration.AnyValue : toleration.Key == taint.Key)
        && (toleration.AnyValue || toleration.Value == taint.Value);

    private static (int Pods, int Siblings, OrdinalName Name) Order(Candidate candidate) =>
        (candidate.Pods, candidate.Siblings, new OrdinalName(candidate.Node.Name));

    private static bool Selected(PodInfo pod, NodeInfo node) =>
        node.Meta.Labels.HasAll(pod.NodeSelector)
        && (pod.NodeTerms is not { } terms || terms.Any(term => Meets(term, node)));

    /// <summary>A term without any requirement matches no node (core/v1 NodeSelectorTerm).</summary>
    private static bool Meets(NodeTerm term, NodeInfo node) =>
        term.Labels.Count + term.Fields.Count > 0
        && term.Labels.All(requirement => Meets(requirement, node.Meta.Labels[requirement.Key]))
        && term.Fields.All(requirement => requirement.Key == "metadata.name" && Meets(requirement, node.Name));

    private static bool Meets(NodeRequirement requirement, string? value) => requirement.Operator switch
    {
        "In" => value is not null && requirement.Values.Contains(value),
        "NotIn" => value is null || !requirement.Values.Contains(value),
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => Compare(value, requirement) > 0,
        "Lt" => Compare(value, requirement) < 0,
        _ => false,
    };

    private static int Compare(string? value, NodeRequirement requirement) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var left)
        && long.TryParse(requirement.Values.Count == 0 ? null : requirement.Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var right)
            ? left.CompareTo(right)
            : 0;

    private static string Describe(int nodes, SortedDictionary<string, int> refusals) => nodes == 0
        ? "no nodes available to schedule pods"
        : $"0/{nodes} nodes are available: {string.Join(", ", refusals.Select(refusal => $"{refusal.Value} {refusal.Key}"))}.";

    private readonly record struct OrdinalName(string Name) : IComparable<OrdinalName>
    {
        public int CompareTo(OrdinalName other) => string.CompareOrdinal(Name, other.Name);
    }
}
