using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Policy.Compile;

/// <summary>One pod and the policies of its namespace to the pod's programs.</summary>
internal static class ClauseCompiler
{
    public static PodVerdicts Compile(PodRow pod, ValueArray<IpAddr> addresses, IEnumerable<PolicyRow> policies)
    {
        var applicable = policies.Where(policy => policy.Subjects.Matches(pod.Labels)).ToList();
        return new PodVerdicts(pod.Key, addresses, Program(pod, applicable, ingress: true), Program(pod, applicable, ingress: false));
    }

    private static PolicyProgram? Program(PodRow pod, List<PolicyRow> policies, bool ingress)
    {
        var isolating = policies.Where(policy => ingress ? policy.IsolatesIngress : policy.IsolatesEgress).ToList();
        if (isolating.Count == 0)
        {
            return null;
        }

        var clauses = new SortedDictionary<string, Clause>(StringComparer.Ordinal);
        foreach (var clause in isolating.SelectMany(policy => (ingress ? policy.Ingress : policy.Egress).SelectMany(rule => Clauses(pod, rule, ingress))))
        {
            clauses[clause.Text] = clause;
        }

        return new PolicyProgram(ingress, clauses.Values.ToValueArray());
    }

    private static IEnumerable<Clause> Clauses(PodRow subject, PolicyRule rule, bool ingress)
    {
        var numbers = Numbers(subject, rule, ingress);
        if (rule.Ports.Count == 0 || numbers.Count > 0)
        {
            foreach (var clause in PeerClauses(subject, rule, numbers, ingress))
            {
                yield return clause;
            }
        }

        foreach (var port in rule.Ports.Where(port => !ingress && port.Name.Length > 0))
        {
            var peers = rule.Peers.Count == 0 ? [null] : rule.Peers.Select(peer => (PolicyPeer?)peer);
            foreach (var peer in peers)
            {
                yield return new Clause(new GroupKey(subject.Key.Namespace, peer, port.Protocol, port.Name, true), default, default);
            }
        }
    }

    private static IEnumerable<Clause> PeerClauses(PodRow subject, PolicyRule rule, ValueArray<PortRange> ports, bool ingress)
    {
        if (rule.Peers.Count == 0)
        {
            yield return new Clause(null, default, ports);
        }

        foreach (var peer in rule.Peers.Where(peer => peer.Block is null))
        {
            yield return new Clause(new GroupKey(subject.Key.Namespace, peer, IpProtocol.Any, "", !ingress), default, ports);
        }

        var blocks = AddressRange.Union(rule.Peers.Select(peer => peer.Block).OfType<IpBlock>());
        if (blocks.Count > 0)
        {
            yield return new Clause(null, [.. blocks], ports);
        }
    }

    /// <summary>Ports known by number: those written so, and at ingress the names the subject itself gives to its ports. Overlaps are merged.</summary>
    private static ValueArray<PortRange> Numbers(PodRow subject, PolicyRule rule, bool ingress)
    {
        var ranges = new List<PortRange>();
        foreach (var port in rule.Ports)
        {
            if (port.Name.Length == 0)
            {
                ranges.Add(port.Port == 0 ? new(port.Protocol, 0, ushort.MaxValue) : new(port.Protocol, port.Port, Math.Max(port.Port, port.EndPort)));
            }
            else if (ingress)
            {
                ranges.AddRange(subject.Ports.Where(own => own.Name == port.Name && own.Protocol == port.Protocol)
                    .Select(own => new PortRange(own.Protocol, own.Port, own.Port)));
            }
        }

        return Merge(ranges);
    }

    private static ValueArray<PortRange> Merge(List<PortRange> ranges)
    {
        var merged = new List<PortRange>();
        foreach (var range in ranges.OrderBy(range => range.Protocol).ThenBy(range => range.First))
        {
            if (merged.Count > 0 && merged[^1] is var last && last.Protocol == range.Protocol && range.First <= last.Last + 1)
            {
                merged[^1] = last with { Last = Math.Max(last.Last, range.Last) };
            }
            else
            {
                merged.Add(range);
            }
        }

        return [.. merged];
    }
}
