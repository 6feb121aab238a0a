using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.OneMachine;
using Fairlead.State;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.KernelTests.OneMachine;

public sealed class HostKeeperTests
{
    [Fact]
    public async Task What_others_take_of_the_hosts_side_comes_back_at_once()
    {
        var time = new FakeTimeProvider();
        using var host = new TestNetns();
        var spec = new ClusterSpec
        {
            Name = $"keep-{Environment.ProcessId}",
            Nodes = 1,
            V4 = new FamilyRanges { Fabric = IpNet.Parse("172.30.0.0/16"), Pods = IpNet.Parse("10.244.0.0/16"), Services = IpNet.Parse("10.96.0.0/12") },
            V6 = null,
            Families = default,
            ApiPort = 6443,
            Egress = true,
        };
        var fabric = new Fabric(spec);
        using var stop = new CancellationTokenSource();
        try
        {
            using var keeper = host.Run(() =>
            {
                fabric.Build();
                return new HostKeeper(spec, time, NullLogger.Instance);
            });
            await keeper.GuardAsync(Deadline.Token());
            var nodes = new Table<string, NodeRow>("nodes");
            nodes.Upsert("n", new NodeRow { Name = "n", InternalIPs = [spec.V4.Node(1)], PodCIDRs = [IpNet.Parse("10.244.0.0/24")] });
            var running = keeper.RunAsync(nodes, stop.Token);
            await UntilAsync(time, () => Look("ip", "route").Contains("10.244.0.0/24", StringComparison.Ordinal));
            var (table, routes) = (Look("nft", "list", "ruleset"), Look("ip", "route"));
            var link = Mac();
            foreach (var command in new[]
            {
                "nft flush ruleset", "ip route del unreachable 10.96.0.0/12 metric 4000000", "ip route del 10.244.0.0/24",
                $"ip addr flush dev {fabric.HostLink}", $"ip link set {fabric.HostLink} down", $"ip link del {fabric.HostLink}",
            })
            {
                var words = command.Split(' ');
                Look(words[0], words[1..]);
                await UntilAsync(time, () => Look("nft", "list", "ruleset") == table && Look("ip", "route") == routes);
            }

            // The same address after it was made anew: chosen by us, so that udev leaves it alone.
            Assert.Equal(link, Mac());
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        }
        finally
        {
            NetNamespace.DeleteNamed(spec.NodeNamespace(1));
            NetNamespace.DeleteNamed(spec.FabricNamespace);
        }

        string Mac() => Look("ip", "-br", "link", "show", fabric.HostLink).Split(' ', StringSplitOptions.RemoveEmptyEntries)[2];

        string Look(string command, params string[] arguments) => Tool.RunIn(host, command, arguments);
    }

    /// <summary>Waits in the time that is played, and so little of it that nobody looks without a reason: that is after half a minute.</summary>
    private static async Task UntilAsync(FakeTimeProvider time, Func<bool> condition)
    {
        for (var looks = 0; !condition(); looks++)
        {
            Assert.InRange(looks, 0, 1000);
            time.Advance(TimeSpan.FromMilliseconds(20));
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }
}
