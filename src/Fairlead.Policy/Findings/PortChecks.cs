using System.Globalization;
using Fairlead.Cluster.Model;
using Fairlead.Policy.Evaluate;

namespace Fairlead.Policy.Findings;

/// <summary>
/// Ports of policies that are Services' ports. Policy sees a connection after the Service's translation, when it goes to the port on which the pod listens.
/// </summary>
internal static class PortChecks
{
    public static IEnumerable<Finding> Of(FindingWorld world, PolicyParts policy, IReadOnlyList<PodRow> subjects)
    {
        foreach (var rule in policy.Rules.Where(rule => rule.Ports.Count > 0))
        {
            // Whom an egress rule without selectors means is not known: it may be somebody outside who does listen there.
            var receivers = rule.Ingress ? subjects : rule.Peers.SelectMany(peer => world.Peers(peer, policy.Key.Namespace)).ToList();
            for (var i = 0; receivers.Count > 0 && i < rule.Ports.Count; i++)
            {
                if (rule.Ports[i] is { Port: > 0 } port && port.EndPort <= port.Port && Taken(world, rule, port, receivers) is { } taken)
                {
                    yield return policy.Find(
                        FindingCode.PolicyServicePort, FindingSeverity.Warning, policy.PortPath(rule, i),
                        string.Create(CultureInfo.InvariantCulture, $"{PolicyText.Port(port)} is the port of Service {taken.Service.Key}; {taken.Pod.Key} behind it listens on {taken.Target}, and policy is decided after the Service's translation"),
                        string.Create(CultureInfo.InvariantCulture, $"allow port {taken.Target}"));
                }
            }
        }
    }

    private static (ServiceRow Service, PodRow Pod, ushort Target)? Taken(FindingWorld world, RuleParts rule, PolicyPort port, IReadOnlyList<PodRow> receivers)
    {
        if (receivers.Any(pod => pod.Ports.Any(own => own.Protocol == port.Protocol && own.Port == port.Port)))
        {
            return null;
        }

        foreach (var service in receivers.Select(pod => pod.Key.Namespace).Distinct().SelectMany(world.ServicesOf))
        {
            var own = service.Ports.FirstOrDefault(one => one.Port == port.Port && one.Protocol == port.Protocol);
            if (own is null || service.Selector is not { Count: > 0 } selector
                || receivers.FirstOrDefault(pod => pod.Key.Namespace == service.Key.Namespace && pod.Labels.HasAll(selector)) is not { } behind)
            {
                continue;
            }

            if (Target(own, behind) is > 0 and var target && target != port.Port && !rule.Ports.Any(other => Covers(other, own, target)))
            {
                return (service, behind, target);
            }
        }

        return null;
    }

    private static bool Covers(PolicyPort port, ServicePort service, ushort target) => port.Protocol == service.Protocol
        && (port.Name.Length > 0 ? port.Name == service.TargetPort : port.Port == 0 || (target >= port.Port && target <= Math.Max(port.Port, port.EndPort)));

    /// <summary>The port on which the pod is reached; 0 when it does not declare the name.</summary>
    private static ushort Target(ServicePort port, PodRow pod) =>
        ServiceChecks.Number(port) ?? pod.Ports.FirstOrDefault(own => own.Name == port.TargetPort && own.Protocol == port.Protocol)?.Port ?? 0;
}
