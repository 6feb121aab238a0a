using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Policy.Compile;

/// <summary>The policies that are about one pod.</summary>
/// <param name="Admin">ClusterNetworkPolicies asked first, in order.</param>
/// <param name="Own">NetworkPolicies of its namespace, in no order.</param>
/// <param name="Baseline">ClusterNetworkPolicies asked last, in order.</param>
internal sealed record PodPolicies(IEnumerable<ClusterPolicyRow> Admin, IReadOnlyCollection<PolicyRow> Own, IEnumerable<ClusterPolicyRow> Baseline);

/// <summary>One pod and the policies about it to the pod's programs.</summary>
internal static class ClauseCompiler
{
    public static PodVerdicts Compile(PodRow pod, ValueArray<IpAddr> addresses, PodPolicies policies) =>
        new(pod.Key, addresses, Program(pod, policies, ingress: true), Program(pod, policies, ingress: false));

    private static PolicyProgram? Program(PodRow pod, PodPolicies policies, bool ingress)
    {
        var last = InOrder(pod, policies.Baseline, ingress, next: null);
        return InOrder(pod, policies.Admin, ingress, Isolation(pod, policies.Own, ingress) ?? last);
    }

    /// <summary>Null: no NetworkPolicy isolates the pod.</summary>
    private static PolicyProgram? Isolation(PodRow pod, IReadOnlyCollection<PolicyRow> policies, bool ingress)
    {
        var isolating = policies.Where(policy => ingress ? policy.IsolatesIngress : policy.IsolatesEgress).ToList();
        if (isolating.Count == 0)
        {
            return null;
        }

        var clauses = new SortedDictionary<string, Clause>(StringComparer.Ordinal);
        foreach (var rule in isolating.SelectMany(policy => ingress ? policy.Ingress : policy.Egress))
        {
            // No peers: anyone, which a peer of null stands for.
            var peers = rule.Peers.Count == 0 ? [null] : rule.Peers.Select(peer => (PolicyPeer?)peer).ToArray();
            foreach (var clause in Clauses(pod, pod.Key.Namespace, peers, rule.Ports, ingress))
            {
                clauses[clause.Text] = clause;
            }
        }

        return new PolicyProgram(ingress, clauses.Values.ToValueArray());
    }

    /// <summary>
    /// The rules of one tier of ClusterNetworkPolicies. What an earlier clause decides is left out of later ones, and so are clauses at the end that do
    /// what happens without them: where all that is left is <paramref name="next"/>, that is the program.
    /// </summary>
    private static PolicyProgram? InOrder(PodRow pod, IEnumerable<ClusterPolicyRow> policies, bool ingress, PolicyProgram? next)
    {
        var (clauses, decided) = (new List<Clause>(), new HashSet<string>());
        foreach (var rule in policies.SelectMany(policy => ingress ? policy.Ingress : policy.Egress))
        {
            clauses.AddRange(Clauses(pod, "", [.. rule.Peers], rule.Ports, ingress)
                .Where(clause => decided.Add(clause.Match)).Select(clause => clause with { Action = rule.Action }));
        }

        while (clauses.Count > 0 && (clauses[^1].Action == PolicyAction.Pass || (next is null && clauses[^1].Action == PolicyAction.Accept)))
        {
            clauses.RemoveAt(clauses.Count - 1);
        }

        return clauses.Count == 0 ? next : new PolicyProgram(ingress, clauses.ToValueArray(), Isolates: false, next);
    }

    private static IEnumerable<Clause> Clauses(PodRow subject, string space, PolicyPeer?[] peers, ValueArray<PolicyPort> ports, bool ingress)
    {
        var numbers = Numbers(subject, ports, ingress);
        if (ports.Count == 0 || numbers.Count > 0)
        {
            foreach (var clause in PeerClauses(space, peers, numbers, ingress))
            {
                yield return clause;
            }
        }

        // Each destination gives its own number to a name; a node gives none.
        foreach (var port in ports.Where(port => !ingress && port.Name.Length > 0))
        {
            foreach (var peer in peers.Where(peer => peer?.Nodes is null))
            {
                yield return new Clause(new GroupKey(space, peer, port.Protocol, port.Name, true), default, default);
            }
        }
    }

    private static IEnumerable<Clause> PeerClauses(string space, PolicyPeer?[] peers, ValueArray<PortRange> ports, bool ingress)
    {
        if (peers.Contains(null))
        {
            yield return new Clause(null, default, ports);
        }

        foreach (var peer in peers.OfType<PolicyPeer>().Where(peer => peer.Block is null))
        {
            yield return new Clause(new GroupKey(space, peer, IpProtocol.Any, "", !ingress), default, ports);
        }

        var blocks = AddressRange.Union(peers.Select(peer => peer?.Block).OfType<IpBlock>());
        if (blocks.Count > 0)
        {
            yield return new Clause(null, [.. blocks], ports);
        }
    }

    /// <summary>Ports known by number: those written so, and at ingress the names the subject itself gives to its ports. Overlaps are merged.</summary>
    private static ValueArray<PortRange> Numbers(PodRow subject, ValueArray<PolicyPort> ports, bool ingress)
    {
        var ranges = new List<PortRange>();
        foreach (var port in ports)
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
