using Fairlead.Cluster.Model;
using Fairlead.Offline;
using Fairlead.Policy.Evaluate;

namespace Fairlead.Expectations;

/// <summary>Says a verdict in words, with the policy, the rule and the line that decided. Pure.</summary>
internal static class VerdictText
{
    /// <summary>The reason in one line.</summary>
    /// <param name="verdict">The verdict.</param>
    /// <param name="view">Where policies are written.</param>
    public static string Of(PolicyVerdict verdict, ClusterView view)
    {
        string[] sides = [.. Deciding(verdict).Select(side => Of(side.Decision, side.Ingress, view))];
        return sides.Length == 0 ? "not isolated" : string.Join("; ", sides);
    }

    /// <summary>The policies, rules and places that decided; a policy without a rule when it isolates and none of its rules fits.</summary>
    public static IEnumerable<(string Kind, ObjectKey Policy, string Path, SourcePlace? Place)> Places(PolicyVerdict verdict, ClusterView view)
    {
        foreach (var (decision, ingress) in Deciding(verdict))
        {
            if (decision.Rule is { } rule)
            {
                yield return (rule.Kind, rule.Policy, rule.Path, view.Where(rule));
                continue;
            }

            foreach (var policy in decision.Isolating.ToArray())
            {
                yield return (RuleReference.NetworkPolicy, policy, "", Isolates(policy, ingress, view));
            }
        }
    }

    /// <summary>The first of the reasons that the verdict does not have; null when it has all.</summary>
    public static ExpectedReason? MissingReason(PolicyVerdict verdict, IReadOnlyList<ExpectedReason> reasons) => reasons.FirstOrDefault(reason => !Has(verdict, reason));

    private static bool Has(PolicyVerdict verdict, ExpectedReason reason) => reason.Kind switch
    {
        ReasonKind.NotIsolated => verdict is { Egress.By: DecidedBy.Nothing, Ingress.By: DecidedBy.Nothing },
        ReasonKind.NoRule => Deciding(verdict).Any(side => side.Decision is { Allowed: false, Rule: null }),
        _ => Deciding(verdict).Any(side => side.Decision.Rule is { } rule ? Is(rule, reason)
            : reason.Path.Length == 0 && reason.PolicyKind == RuleReference.NetworkPolicy && side.Decision.Isolating.Any(policy => Is(policy, reason))),
    };

    private static bool Is(RuleReference rule, ExpectedReason reason) => rule.Kind == reason.PolicyKind && Is(rule.Policy, reason)
        && (reason.Path.Length == 0 || rule.Path == reason.Path || rule.Path.StartsWith($"{reason.Path}.", StringComparison.Ordinal));

    private static bool Is(ObjectKey policy, ExpectedReason reason) => policy.Name == reason.Policy && (reason.Namespace.Length == 0 || policy.Namespace == reason.Namespace);

    /// <summary>Of an allowed connection both sides that some policy decided; of a denied one those that deny.</summary>
    private static IEnumerable<(PolicyDecision Decision, bool Ingress)> Deciding(PolicyVerdict verdict) =>
        new[] { (Decision: verdict.Egress, Ingress: false), (Decision: verdict.Ingress, Ingress: true) }
            .Where(side => side.Decision.By != DecidedBy.Nothing && side.Decision.Allowed == verdict.Allowed);

    private static string Of(PolicyDecision decision, bool ingress, ClusterView view)
    {
        var direction = ingress ? "ingress" : "egress";
        if (decision.Rule is { } rule)
        {
            return $"{direction} {(decision.Allowed ? "allowed" : "denied")} by {Name(rule.Policy)} {rule.Path}{At(view.Where(rule))}";
        }

        var isolating = string.Join(", ", decision.Isolating.Select(policy => $"{Name(policy)}{At(Isolates(policy, ingress, view))}"));
        var nearest = decision.Nearest is { } near ? $"; nearest {near.Rule.Policy.Name} {near.Rule.Path}{At(view.Where(near.Rule))}: {near.Misses}" : "";
        return $"{direction} isolated by {isolating}, no rule allows it{nearest}";
    }

    /// <summary>Where a policy says that it isolates: its rules of that direction, else the policy.</summary>
    private static SourcePlace? Isolates(ObjectKey policy, bool ingress, ClusterView view) =>
        view.Where(RuleReference.NetworkPolicy, policy, ingress ? "spec.ingress" : "spec.egress");

    private static string Name(ObjectKey policy) => policy.Namespace.Length == 0 ? $"cnp/{policy.Name}" : $"{policy.Name}.{policy.Namespace}";

    private static string At(SourcePlace? place) => place is null ? "" : $" ({place})";
}
