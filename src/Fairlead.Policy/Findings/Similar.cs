using Fairlead.Cluster.Model;
using Fairlead.Cluster.Naming;
using Fairlead.Kube.Selectors;

namespace Fairlead.Policy.Findings;

/// <summary>Tells a slip of the pen from what is not there yet.</summary>
internal static class Similar
{
    private const int MostEdits = 2;

    /// <summary>
    /// The first pod that a selector misses by a slip alone: every label it wants and the pod does not have, the pod has with a value that differs by one
    /// or two letters, or under a key that does. Null when there is none.
    /// </summary>
    public static (PodRow Pod, string Has)? Pod(LabelSelector selector, IEnumerable<PodRow> pods)
    {
        foreach (var pod in pods)
        {
            var slips = selector.Requirements.Where(requirement => !requirement.Matches(pod.Labels)).Select(requirement => Slip(requirement, pod.Labels)).ToList();
            if (slips.Count > 0 && slips.All(slip => slip is not null))
            {
                return (pod, string.Join(',', slips));
            }
        }

        return null;
    }

    /// <summary>A selector of a Service as one of a policy.</summary>
    public static LabelSelector Selector(Labels labels) => new([.. labels.Select(pair => new LabelRequirement(pair.Key, LabelOperator.In, [pair.Value]))]);

    /// <summary>The label that was meant, as <c>key=value</c>.</summary>
    private static string? Slip(LabelRequirement requirement, Labels labels)
    {
        if (requirement.Operator != LabelOperator.In)
        {
            return null;
        }

        if (labels[requirement.Key] is { } value)
        {
            return requirement.Values.Any(wanted => IsSlip(wanted, value)) ? $"{requirement.Key}={value}" : null;
        }

        var meant = labels.FirstOrDefault(pair => requirement.Values.Contains(pair.Value) && IsSlip(requirement.Key, pair.Key));
        return meant.Key is null ? null : $"{meant.Key}={meant.Value}";
    }

    /// <summary>Differs by one or two edits, in words that are longer than that, and not by digits alone: web-1 and web-2 are two things.</summary>
    private static bool IsSlip(string wanted, string found)
    {
        if (string.Equals(wanted, found, StringComparison.OrdinalIgnoreCase))
        {
            return wanted != found;
        }

        return Math.Min(wanted.Length, found.Length) > MostEdits && WithoutDigits(wanted) != WithoutDigits(found) && Edits.AtMost(wanted, found, MostEdits);
    }

    private static string WithoutDigits(string text) => string.Concat(text.Where(letter => !char.IsAsciiDigit(letter)));
}
