using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;

namespace Fairlead.Benchmarks;

/// <summary>
/// Pods that a policy closes, started by the hundred while another pod sends datagrams to every address they may get: what their own network stacks have
/// counted once they are Ready came in against policy. Pods that no policy is about tell that the datagrams do come.
/// </summary>
internal static class PolicyStarts
{
    private const int Open = 10;
    private const ushort Port = 9999;

    public static async Task MeasureAsync(Cluster cluster, RunSize size)
    {
        Figures.Heading($"{size.Batches * size.Batch} pod starts under a policy that closes them, one node, load average {Figures.Load()}");
        await cluster.Api.CreateAsync(ResourceTypes.NetworkPolicies, "default", Closed(), CancellationToken.None);
        var prober = await cluster.StartPodAsync("prober");
        using var netns = NetNamespace.Open(prober.Netns);
        using var stop = new CancellationTokenSource();
        var sent = 0L;
        var probing = Task.Factory.StartNew(
            () => netns.Run(() => sent = Probe(prober.Address, stop.Token)), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var (reached, all) = (0L, 0);
        for (var batch = 0; batch < size.Batches; batch++)
        {
            await StartAsync(cluster, "closed", size.Batch);
            foreach (var path in Netns(cluster, "closed"))
            {
                (reached, all) = (reached + Received(path), all + 1);
            }

            await EndAsync(cluster, "closed", size.Batch);
        }

        await StartAsync(cluster, "open", Open);
        var open = Netns(cluster, "open").Count(path => Received(path) > 0);
        await stop.CancelAsync();
        await probing;
        Figures.Print($"datagrams that reached {all} closed pods", $"{reached}", $"target 0; {sent} were sent; {open} of {Open} open pods were reached");
    }

    private static async Task StartAsync(Cluster cluster, string app, int count)
    {
        await Task.WhenAll(Enumerable.Range(0, count).Select(i => PodStarts.CreateAsync(cluster.Api, $"{app}-{i}", app, [])));
        await PodStarts.ReadyAsync(cluster.Api, $"app={app}", count);
    }

    private static async Task EndAsync(Cluster cluster, string app, int count)
    {
        var now = new JsonObject { ["gracePeriodSeconds"] = 0 };
        await Task.WhenAll(Enumerable.Range(0, count).Select(i => cluster.Api.DeleteAsync(ResourceTypes.Pods, "default", $"{app}-{i}", now, CancellationToken.None)));
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (Netns(cluster, app).Count > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
        }
    }

    private static List<string> Netns(Cluster cluster, string app) =>
        [.. Directory.GetDirectories($"/run/fairlead/{cluster.Name}/pods", $"default_{app}-*").Select(directory => Path.Combine(directory, "net")).Where(File.Exists)];

    /// <summary>Datagrams that came in, whether or not anybody listens (udp of /proc/net/snmp).</summary>
    private static long Received(string path)
    {
        using var netns = NetNamespace.Open(path);
        var lines = netns.Run(() => File.ReadAllLines("/proc/thread-self/net/snmp")).Where(line => line.StartsWith("Udp:", StringComparison.Ordinal)).Select(line => line.Split(' ')).ToArray();
        return Count("InDatagrams") + Count("NoPorts");

        long Count(string name) => long.Parse(lines[1][Array.IndexOf(lines[0], name)], CultureInfo.InvariantCulture);
    }

    /// <summary>Sends to every address of the range again and again.</summary>
    private static long Probe(IpAddr own, CancellationToken stop)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        var range = new IpNet(own, 24);
        var to = Enumerable.Range(2, 252).Select(i => range.At((UInt128)i)).Where(address => address != own)
            .Select(address => new IPEndPoint(address.ToIPAddress(), Port).Serialize()).ToArray();
        var sent = 0L;
        while (!stop.IsCancellationRequested)
        {
            foreach (var address in to)
            {
                try
                {
                    sent += socket.SendTo("x"u8, SocketFlags.None, address);
                }
                catch (SocketException)
                {
                    // An address that nobody has yet is answered so.
                }
            }

            stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(1));
        }

        return sent;
    }

    private static JsonObject Closed() => new()
    {
        ["apiVersion"] = "networking.k8s.io/v1",
        ["kind"] = "NetworkPolicy",
        ["metadata"] = new JsonObject { ["name"] = "closed" },
        ["spec"] = new JsonObject
        {
            ["podSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = "closed" } },
            ["policyTypes"] = new JsonArray("Ingress", "Egress"),
        },
    };
}
