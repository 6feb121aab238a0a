using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;

namespace Fairlead.Benchmarks;

/// <summary>
/// What a ClusterIP's path costs, as CPU time of client and server: beside the same pod's own address with the same tables loaded, beside a path without any
/// packet filter, and beside one dnat rule written by hand. Rounds alternate, so that what else the machine does meets all of them.
/// </summary>
internal static class ServicePath
{
    private const string ClusterIP = "10.96.0.77";

    public static async Task MeasureAsync(Cluster cluster, RunSize size)
    {
        Figures.Heading($"the path through a ClusterIP, client and server on one processor, median of {size.Rounds} rounds, load average {Figures.Load()}");
        await cluster.Api.CreateAsync(ResourceTypes.Services, "default", Service(), CancellationToken.None);
        var client = await cluster.StartPodAsync("path-client");
        var server = await cluster.StartPodAsync("path-server");
        using var clientNetns = NetNamespace.Open(client.Netns);
        using var serverNetns = NetNamespace.Open(server.Netns);
        using var lab = new PathLab();
        PathLoad[] paths =
        [
            new(clientNetns, serverNetns, IpAddr.Parse(ClusterIP), 80),
            new(clientNetns, serverNetns, server.Address, PathLoad.ServerPort),
        ];
        using var bare = new PathLab();
        paths = [.. paths, bare.Direct, lab.Translated()];
        foreach (var path in paths)
        {
            await path.WaitAsync();
        }

        await PrintAsync("round trips", paths, PathWork.RoundTrips, size.Rounds, size.RoundTrips, "target 0.95");
        await PrintAsync("new connections", paths, PathWork.Connections, size.Rounds, size.Connections, "target 0.95, or 0.98 of one rule's if that is less");
        await PrintAsync("throughput", paths, PathWork.Blocks, size.Rounds, size.Blocks, "no target");
    }

    private static async Task PrintAsync(string what, PathLoad[] paths, PathWork work, int rounds, int times, string target)
    {
        var measured = await PathRounds.RunAsync(paths, work, times, rounds);
        Figures.Print($"{what}, of the pod's own address", measured.Ratio(1, 0), $"{target}; {measured.Cost(0)} of CPU each, {measured.Cost(1)} at its own address");
        Figures.Print("  of a path without a packet filter", measured.Ratio(2, 0), $"no target; {measured.Cost(2)} there");
        Figures.Print("  one dnat rule by hand, of that path", measured.Ratio(2, 3), $"the floor; {measured.Cost(3)} there; the ClusterIP is {measured.Ratio(3, 0)} of it");
    }

    private static JsonObject Service() => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Service",
        ["metadata"] = new JsonObject { ["name"] = "path" },
        ["spec"] = new JsonObject
        {
            ["clusterIP"] = ClusterIP,
            ["selector"] = new JsonObject { ["app"] = "path-server" },
            ["ports"] = new JsonArray(new JsonObject { ["port"] = 80, ["targetPort"] = (int)PathLoad.ServerPort }),
        },
    };
}
