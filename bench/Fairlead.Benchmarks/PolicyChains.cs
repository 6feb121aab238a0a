using System.Diagnostics;
using System.Text;
using Fairlead.Cluster.Model;
using Fairlead.Testing;

namespace Fairlead.Benchmarks;

/// <summary>
/// The baseline of <see cref="PolicyRules"/>: the NetworkPolicies about the node's pods as a chain for each pod that jumps to a chain for each policy, whose
/// peers are sets of addresses, loaded by <c>nft</c>; whose addresses they are is found out beforehand and not timed.
/// </summary>
internal static class PolicyChains
{
    /// <summary>Loads it into a namespace of its own.</summary>
    /// <returns>What that took.</returns>
    public static TimeSpan Load(int policies, int pods)
    {
        var text = Text(policies, pods);
        using var node = new TestNetns();
        var watch = Stopwatch.StartNew();
        var (code, _, error) = Tool.TryRun("nsenter", text, $"--net={node.Path}", "nft", "-f", "-");
        return code == 0 ? watch.Elapsed : throw new InvalidOperationException($"nft refused the baseline: {error}");
    }

    private static string Text(int policies, int pods)
    {
        var rows = Enumerable.Range(0, pods).Select(i => PolicyLoad.Pod(i)).ToList();
        var all = Enumerable.Range(0, policies).Select(i => PolicyLoad.Policy(i)).ToLookup(policy => policy.Key.Namespace);
        var text = new StringBuilder("table ip chains {\n");
        var written = new HashSet<string>();
        var local = rows.Where(pod => pod.NodeName == PolicyLoad.Node).ToList();
        foreach (var pod in local)
        {
            var about = all[pod.Key.Namespace].Where(policy => policy.Subjects.Matches(pod.Labels)).ToList();
            foreach (var policy in about.Where(policy => written.Add(policy.Key.Name)))
            {
                Write(text, $"in-{policy.Key.Name}", "saddr", policy, policy.Ingress.ToArray(), rows);
                Write(text, $"out-{policy.Key.Name}", "daddr", policy, policy.Egress.ToArray(), rows);
            }

            foreach (var way in new[] { "in", "out" })
            {
                text.Append($"chain {way}-{pod.Key.Name} {{\n").AppendJoin("", about.Select(policy => $"jump {way}-{policy.Key.Name}\n")).Append("counter drop\n}\n");
            }
        }

        text.Append("chain forward {\ntype filter hook forward priority 0\nct state established,related accept\n");
        text.Append($"ip saddr vmap {{ {string.Join(", ", local.Select(pod => $"{pod.IPs[0]} : jump out-{pod.Key.Name}"))} }}\n");
        text.Append($"ip daddr vmap {{ {string.Join(", ", local.Select(pod => $"{pod.IPs[0]} : jump in-{pod.Key.Name}"))} }}\n");
        return text.Append("}\n}\n").ToString();
    }

    private static void Write(StringBuilder text, string chain, string side, PolicyRow policy, PolicyRule[] rules, List<PodRow> pods)
    {
        text.Append($"chain {chain} {{\n");
        foreach (var rule in rules)
        {
            var peer = rule.Peers[0];
            var whom = peer.Block is { } block
                ? $"ip {side} {block.Cidr} {string.Concat(block.Except.Select(hole => $"ip {side} != {hole} "))}"
                : $"ip {side} {{ {string.Join(", ", pods.Where(pod => Selects(peer, policy, pod)).Select(pod => pod.IPs[0]))} }} ";
            var port = rule.Ports.Count == 0 ? "" : rule.Ports[0] is { Name.Length: > 0 } ? "tcp dport 8080 " : $"{(rule.Ports[0].Protocol == Linux.Addresses.IpProtocol.Udp ? "udp" : "tcp")} dport {rule.Ports[0].Port} ";
            text.Append(whom).Append(' ').Append(port).Append("accept\n");
        }

        text.Append("}\n");
    }

    private static bool Selects(PolicyPeer peer, PolicyRow policy, PodRow pod)
    {
        var space = int.Parse(pod.Key.Namespace.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture);
        var inSpace = peer.Namespaces?.Matches(PolicyLoad.NamespaceRow(space, space % 10).Labels) ?? pod.Key.Namespace == policy.Key.Namespace;
        return inSpace && peer.Pods!.Matches(pod.Labels);
    }
}
