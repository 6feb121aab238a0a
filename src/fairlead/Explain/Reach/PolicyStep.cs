using Fairlead.Linux.Addresses;
using Fairlead.Policy.Evaluate;
using Fairlead.State;

namespace Fairlead.Explain.Reach;

/// <summary>What the policies of one side say, as a step: which policy and rule, and for a refusal the nearest rule and what it misses.</summary>
internal static class PolicyStep
{
    /// <summary>The step.</summary>
    /// <param name="ingress">The side is the destination.</param>
    /// <param name="decision">What the evaluator says.</param>
    /// <param name="subject">The pod of the side, as <c>namespace/name</c>.</param>
    /// <param name="other">Who is on the other side, in words.</param>
    /// <param name="protocol">Transport protocol.</param>
    /// <param name="port">The destination's port, after every translation.</param>
    public static ReachStep Of(bool ingress, PolicyDecision decision, string subject, string other, IpProtocol protocol, ushort port)
    {
        var what = ingress ? "ingress" : "egress";
        var connection = $"{protocol.Text()} {port} {(ingress ? "from" : "to")} {other}";
        if (decision.By == DecidedBy.Nothing)
        {
            return new ReachStep(what, StepVerdict.Ok, "", $"no policy isolates {subject} for {what}");
        }

        if (decision.Rule is { } rule)
        {
            var verdict = decision.Allowed ? StepVerdict.Ok : StepVerdict.Fails;
            return new ReachStep(what, verdict, Text(rule), $"{Text(rule)} {rule.Path} {(decision.Allowed ? "allows" : "denies")} {connection}") { Rule = rule };
        }

        var isolating = string.Join(", ", decision.Isolating.Select(key => key.ToString()));
        var step = new ReachStep(
            what, StepVerdict.Fails, $"{RuleReference.NetworkPolicy} {(decision.Isolating.Count > 0 ? decision.Isolating[0] : default)}",
            $"{subject} is isolated by {RuleReference.NetworkPolicy} {isolating}, and no rule allows {connection}");
        return decision.Nearest is not { } near ? step with { Notes = NoRules(what, decision) } : step with
        {
            Object = Text(near.Rule),
            Nearest = near.Rule,
            Notes = [$"nearest: {Text(near.Rule)} {near.Rule.Path}: {near.Misses}"],
        };
    }

    private static ValueArray<string> NoRules(string what, PolicyDecision decision) =>
        decision.Isolating.Count == 0 ? default : [$"a rule under spec.{what} of {decision.Isolating[0]} would have to allow it"];

    private static string Text(RuleReference rule) => $"{rule.Kind} {rule.Policy}";
}
