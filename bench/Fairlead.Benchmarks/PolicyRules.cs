using System.Diagnostics;
using Fairlead.Cluster;
using Fairlead.Nftables.Kernel;
using Fairlead.Policy;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Benchmarks;

/// <summary>Policies into the kernel by the policy room of one node alone: from nothing, and changed one thing at a time.</summary>
internal static class PolicyRules
{
    private static readonly int Relabelled = PolicyLoad.Local(3);

    /// <summary>Measures one size of cluster in a network namespace of its own.</summary>
    /// <param name="policies">How many NetworkPolicies.</param>
    /// <param name="pods">How many pods, on a hundred nodes.</param>
    /// <param name="size">How many changes.</param>
    /// <param name="beside">What the same takes another way.</param>
    public static async Task MeasureAsync(int policies, int pods, RunSize size, string beside)
    {
        Figures.Heading($"{policies} NetworkPolicies, 10 ClusterNetworkPolicies, {pods} pods on 100 nodes: one node, load average {Figures.Load()}");
        using var netns = new TestNetns();
        using var kernel = netns.Run(KernelNft.Open);
        var nft = new CommittedNft(kernel);
        var (tables, node) = (PolicyLoad.Tables(policies, pods), PolicyLoad.Attachments(pods));
        using var stop = new CancellationTokenSource();
        var (watch, cpu) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        var committed = nft.Next();
        var running = new PolicyRoom(tables, node, PolicyLoad.Node, nft, null, TimeProvider.System, NullLogger<PolicyRoom>.Instance).RunAsync(stop.Token);
        await committed;
        Figures.Print("from nothing into the kernel", Figures.Time(watch.Elapsed),
            $"{beside}; {Figures.Time(Environment.CpuUsage.TotalTime - cpu)} of CPU");

        await ChangeAsync("a pod elsewhere gets another label", nft, size, i => tables.Pods.Upsert(PolicyLoad.Key(1), PolicyLoad.Pod(1, app: i % 2)));
        await ChangeAsync("a pod of the node gets another label", nft, size, i => tables.Pods.Upsert(PolicyLoad.Key(Relabelled), PolicyLoad.Pod(Relabelled, app: i % 2)));
        await ChangeAsync("a pod elsewhere more, then less", nft, size, i => PutOrTake(tables, pods + 1, i % 2 == 1));
        var deciding = Deciding(policies);
        await ChangeAsync("a policy about a pod of the node changes", nft, size, i =>
            tables.Policies.Upsert(PolicyLoad.PolicyKey(deciding), PolicyLoad.Policy(deciding, (ushort)(9000 + (i % 2)))));
        await ChangeAsync("a namespace gets another label", nft, size, i =>
            tables.Namespaces.Upsert(PolicyLoad.Space(5), PolicyLoad.NamespaceRow(5, i % 2)));
        await stop.CancelAsync();
        await running.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    /// <summary>A policy about another of the node's pods.</summary>
    private static int Deciding(int policies)
    {
        var pod = PolicyLoad.Pod(PolicyLoad.Local(4));
        return Enumerable.Range(0, policies).First(i => PolicyLoad.PolicyKey(i).Namespace == pod.Key.Namespace && PolicyLoad.Policy(i).Subjects.Matches(pod.Labels));
    }

    private static void PutOrTake(ClusterTables tables, int i, bool put)
    {
        if (put)
        {
            tables.Pods.Upsert(PolicyLoad.Key(i), PolicyLoad.Pod(i));
        }
        else
        {
            tables.Pods.Delete(PolicyLoad.Key(i));
        }
    }

    private static async Task ChangeAsync(string what, CommittedNft nft, RunSize size, Action<int> change)
    {
        var (times, cpu) = (new List<TimeSpan>(), TimeSpan.Zero);
        var warmUp = size.Changes / 5;
        for (var i = -warmUp; i < size.Changes; i++)
        {
            if (i == 0)
            {
                // Until here code was still being compiled, which the release binary's is beforehand.
                times.Clear();
                cpu = Environment.CpuUsage.TotalTime;
            }

            var committed = nft.Next();
            var start = Stopwatch.GetTimestamp();
            change(warmUp + i + 1);
            await committed.WaitAsync(TimeSpan.FromMinutes(1));
            times.Add(Stopwatch.GetElapsedTime(start));
        }

        Figures.Print($"{what}, to the kernel, p99 of {size.Changes}", Figures.Time(Figures.Quantile(times, 0.99)),
            $"target 10 ms; median {Figures.Time(Figures.Quantile(times, 0.5))}; {Figures.Time((Environment.CpuUsage.TotalTime - cpu) / size.Changes)} of CPU each");
    }
}
