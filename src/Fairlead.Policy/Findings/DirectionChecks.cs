using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Policy.Evaluate;

namespace Fairlead.Policy.Findings;

/// <summary>Directions that are closed, or not closed, as will not have been meant.</summary>
internal static class DirectionChecks
{
    private const ushort DnsPort = 53;

    // Pods of one policy differ little in their labels; a policy of a thousand pods is not asked about a thousand times.
    private const int MostSamples = 8;

    public static IEnumerable<Finding> Of(FindingWorld world, PolicyRow policy, IReadOnlyList<PodRow> subjects)
    {
        var parts = PolicyParts.Of(policy);
        foreach (var (direction, rules, isolates) in new[] { ("Ingress", policy.Ingress, policy.IsolatesIngress), ("Egress", policy.Egress, policy.IsolatesEgress) })
        {
            if (!isolates && rules.Count > 0)
            {
                yield return parts.Find(
                    FindingCode.RulesWithoutType, FindingSeverity.Warning, $"spec.{direction.ToLowerInvariant()}",
                    $"these rules have no effect: policyTypes has no {direction}", $"add {direction} to policyTypes");
            }
        }

        // Who refuses everything in both directions means it; so does who refuses only what is sent.
        var silent = policy.IsolatesEgress && policy.Egress.Count == 0 && policy.Faults.Count == 0;
        if (!policy.IsolatesEgress || (silent && policy.Ingress.Count == 0))
        {
            yield break;
        }

        if (Samples(policy, subjects).FirstOrDefault(pod => !AsksDns(world.World, policy, pod)) is { } cut)
        {
            var who = cut.Key.Name.Length == 0 ? "the pods it selects" : cut.Key.ToString();
            yield return silent
                ? parts.Find(
                    FindingCode.EgressWithoutRules, FindingSeverity.Warning, "spec.policyTypes",
                    $"it has Egress and there is no egress rule: {who} may open no connection, not even to the cluster's DNS", "leave Egress out, or add egress rules")
                : parts.Find(
                    FindingCode.DnsEgressForgotten, FindingSeverity.Warning, "spec.egress",
                    $"{who} may not ask the cluster's DNS: no egress rule of any policy allows UDP 53 there", "add a rule with port 53 of UDP and TCP");
        }
    }

    /// <summary>Some of the pods; where there is none yet, one as the policy wants it.</summary>
    private static IEnumerable<PodRow> Samples(PolicyRow policy, IReadOnlyList<PodRow> subjects) => subjects.Count > 0
        ? subjects.DistinctBy(pod => pod.Labels).Take(MostSamples)
        : [new PodRow
        {
            Key = new ObjectKey(policy.Key.Namespace, ""),
            Labels = Labels.From(policy.Subjects.Requirements
                .Where(requirement => requirement.Operator is LabelOperator.In or LabelOperator.Exists).DistinctBy(requirement => requirement.Key)
                .Select(requirement => KeyValuePair.Create(requirement.Key, requirement.Values is [var first, ..] ? first : ""))),
        }];

    /// <summary>True also when there is no DNS to ask, unless nothing may be sent anywhere.</summary>
    private static bool AsksDns(PolicyWorld world, PolicyRow policy, PodRow pod)
    {
        if (PolicyWorld.DnsPeer(world.Dns) is not { IPs.Count: > 0 } dns)
        {
            return policy.Egress.Count > 0 || world.PoliciesOf(pod.Key.Namespace)
                .Any(other => other.Key != policy.Key && other.IsolatesEgress && other.Egress.Count > 0 && other.Subjects.Matches(pod.Labels));
        }

        return dns.IPs.Any(address => PolicyEvaluator.Decide(world, new Question(pod, false, address, dns, dns, IpProtocol.Udp, DnsPort), nearest: false).Allowed);
    }
}
