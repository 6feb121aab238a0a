namespace Fairlead.OneMachine;

/// <summary>The processes of a cluster beside the one that supervises them: the pods role, and an agent for each node.</summary>
internal static class ClusterRoles
{
    /// <summary>All of them, in the order to start them in.</summary>
    /// <param name="spec">The cluster.</param>
    /// <param name="paths">Where it keeps things.</param>
    /// <param name="resolver">Whom agents ask for outside names.</param>
    /// <param name="dns">Opens the DNS sockets that an agent inherits.</param>
    /// <param name="podsEnded">Told when the pods role has ended.</param>
    public static IEnumerable<Role> Of(ClusterSpec spec, ClusterPaths paths, string resolver, DnsSocketKeeper dns, Action podsEnded)
    {
        yield return new Role("pods", ["pods", "--name", spec.Name], "") { Ended = podsEnded };
        for (var number = 1; number <= spec.Nodes; number++)
        {
            var node = spec.NodeName(number);
            var directory = paths.Node(node);
            yield return new Role(
                $"agent {node}",
                [
                    "agent", "--kubeconfig", paths.Kubeconfig(node), "--node-name", node, "--cni-bin-dir", Path.Combine(directory, "bin"),
                    "--cni-conf-dir", Path.Combine(directory, "net.d"), "--state-dir", Path.Combine(directory, "agent"), "--socket", paths.AgentSocket(node),
                    "--inspect-socket", paths.InspectSocket(node),
                    "--dns-upstream", resolver,
                    .. spec.Ranges.SelectMany(ranges => new[] { "--pod-range", $"{ranges.Pods}", "--service-range", $"{ranges.Services}" }),
                    .. spec.ExternalIPRanges.SelectMany(range => new[] { "--external-ip-range", $"{range}" }),
                ],
                spec.NodeNamespace(number))
            { Sockets = dns.Open(number) };
        }
    }
}
