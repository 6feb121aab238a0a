using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Namespaces;

/// <summary>Says on a namespace that is being deleted what it still waits for, in the words kubectl users know. Pure.</summary>
internal static class NamespaceConditions
{
    /// <summary>The conditions to write; null when <paramref name="present"/> says so already.</summary>
    public static JsonArray? For(NamespacePlan plan, ValueArray<NamespaceCondition> present, DateTimeOffset now)
    {
        ValueArray<NamespaceCondition> wanted =
        [
            new("NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered"),
            new("NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
            new("NamespaceDeletionContentFailure", "False", "ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
            plan.Remaining.Count == 0
                ? new("NamespaceContentRemaining", "False", "ContentRemoved", "All content successfully removed")
                : new("NamespaceContentRemaining", "True", "SomeResourcesRemain", "Some resources are remaining: "
                    + List(plan.Remaining, (kind, count) => $"{kind} has {count} resource instances")),
            plan.Finalizers.Count == 0
                ? new("NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers", "All content-preserving finalizers finished")
                : new("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", "Some content in the namespace has finalizers remaining: "
                    + List(plan.Finalizers, (finalizer, count) => $"{finalizer} in {count} resource instances")),
        ];
        return wanted == present ? null : new JsonArray([.. wanted.Select(condition => ToJson(condition, now))]);
    }

    private static string List(IReadOnlyDictionary<string, int> counts, Func<string, int, string> text) =>
        string.Join(", ", counts.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => text(pair.Key, pair.Value)));

    private static JsonObject ToJson(NamespaceCondition condition, DateTimeOffset now) => new()
    {
        ["type"] = condition.Type,
        ["status"] = condition.Status,
        ["reason"] = condition.Reason,
        ["message"] = condition.Message,
        ["lastTransitionTime"] = now.ToApiTime(),
    };
}
