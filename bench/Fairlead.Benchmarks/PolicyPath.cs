using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Kernel;
using Fairlead.Policy;
using Fairlead.Policy.Compile;
using Fairlead.Policy.Nftables;

namespace Fairlead.Benchmarks;

/// <summary>
/// What policies cost an established connection and a new one, as CPU time of client and server: two pods on a node with 1 000 policies beside the same on a
/// node without any, and on one without a packet filter. Rounds alternate, so that what else the machine does meets all of them.
/// </summary>
internal static class PolicyPath
{
    public static async Task MeasureAsync(RunSize size)
    {
        Figures.Heading($"the path between two pods under {size.Policies} policies about both, client and server on one processor, median of {size.Rounds} rounds, load average {Figures.Load()}");
        using var guarded = new PathLab();
        using var open = new PathLab();
        using var bare = new PathLab();
        await EnforceAsync(guarded, size.Policies);
        await EnforceAsync(open, 0);
        PathLoad[] paths = [open.Direct, guarded.Direct, bare.Direct];
        foreach (var path in paths)
        {
            await path.WaitAsync();
        }

        await PrintAsync("round trips", paths, PathWork.RoundTrips, size.Rounds, size.RoundTrips, "target 0.97");
        await PrintAsync("throughput", paths, PathWork.Blocks, size.Rounds, size.Blocks, "target 0.97");
        await PrintAsync("new connections", paths, PathWork.Connections, size.Rounds, size.Connections, "no target: the rule that allows it is the last of all");
    }

    /// <summary>So many policies about both pods in force, of which the last allows the path; with none, what the room has for pods without policies.</summary>
    private static async Task EnforceAsync(PathLab lab, int policies)
    {
        ObjectKey client = new("path", "client"), server = new("path", "server");
        var pods = new[] { (Key: client, Address: PathLab.ClientAddress), (Key: server, Address: PathLab.ServerAddress) };
        var world = new PolicyWorld(
            Enumerable.Range(0, policies).Select(i => Policy(i, i == policies - 1)).ToImmutableDictionary(policy => policy.Key),
            pods.ToImmutableDictionary(pod => pod.Key, pod => new PodRow { Key = pod.Key, NodeName = "n", IPs = [pod.Address] }),
            ImmutableDictionary<string, NamespaceRow>.Empty.Add("path", new NamespaceRow("path", Labels.Empty)),
            ImmutableDictionary<string, NodeRow>.Empty.Add("n", new NodeRow { Name = "n", PodCIDRs = [IpNet.Parse("10.1.0.0/24")] }),
            ImmutableDictionary<string, ClusterPolicyRow>.Empty,
            null);
        var attachments = pods.ToImmutableDictionary(
            pod => pod.Key.Name, pod => new AttachmentRow { ContainerId = pod.Key.Name, IfName = "eth0", Pod = pod.Key, IPs = [pod.Address], HostInterface = pod.Key.Name });
        using var nft = lab.Node.Run(KernelNft.Open);
        await new NftPolicyCommitter(nft).CommitAsync(new PolicyCompiler("n").Compile(world, attachments, null), CancellationToken.None);
    }

    // Rules without an order stand in that of their text: 1.… is before 10.1.….
    private static PolicyRow Policy(int i, bool allows)
    {
        var peer = new PolicyPeer(null, null, new IpBlock(allows ? IpNet.Parse("10.1.0.0/24") : new IpNet(IpAddr.FromValue(IpFamily.V4, 0x0100_0200 + (uint)i), 32), default));
        var rule = new PolicyRule([peer], [new PolicyPort(IpProtocol.Tcp, PathLoad.ServerPort, PathLoad.ServerPort, "")]);
        return new PolicyRow { Key = new ObjectKey("path", $"p{i:d4}"), IsolatesIngress = true, IsolatesEgress = true, Ingress = [rule], Egress = [rule] };
    }

    private static async Task PrintAsync(string what, PathLoad[] paths, PathWork work, int rounds, int times, string target)
    {
        var measured = await PathRounds.RunAsync(paths, work, times, rounds);
        Figures.Print($"{what}, of a node without policies", measured.Ratio(0, 1), $"{target}; {measured.Cost(1)} of CPU each, {measured.Cost(0)} without policies");
        Figures.Print("  of a path without a packet filter", measured.Ratio(2, 1), $"no target; {measured.Cost(2)} there");
    }
}
