using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Fairlead.Testing;

namespace Fairlead.Benchmarks;

/// <summary>Requests through the ingress on one processor, beside nginx as a reverse proxy with the same server behind.</summary>
internal static class IngressPath
{
    // An address of this namespace alone, so that an endpoint may have it.
    private const string Behind = "198.18.0.1";
    private const int BehindPort = 9001;
    private const int Changes = 100;

    public static async Task MeasureAsync(string program, Cluster cluster, RunSize size)
    {
        var files = Directory.CreateTempSubdirectory("fairlead-files").FullName;
        File.SetUnixFileMode(files, (UnixFileMode)0b111_101_101);
        WriteFiles(files);
        Tool.Run("ip", "address", "add", $"{Behind}/32", "dev", "lo");
        using var behind = NginxServer.Files($"{Behind}:{BehindPort}", files, Wrk.ClientProcessor);
        await IngressLoad.CreateServiceAsync(cluster.Api, Behind, BehindPort);
        await IngressLoad.CreateIngressesAsync(cluster.Api, 0, 1);
        using var ingress = new IngressServer(program, cluster);
        await ingress.WhenServedAsync(IngressLoad.Host(0), "/p0/1k");
        Figures.Heading($"the ingress beside nginx with one worker, a processor each, 32 connections, median of {size.IngressRounds} rounds, load average {Figures.Load()}");
        Figures.Print("resident, serving one host", Figures.Text(Cluster.Megabytes(ingress.Process, "VmRSS:"), "0", " MB"), "no target");
        using (var nginx = NginxServer.Proxy("127.0.0.1:9002", $"{Behind}:{BehindPort}", [IngressLoad.Host(0)], IngressServer.Processor))
        {
            var (ours, theirs) = (ingress.Load, await StartedAsync(nginx, "127.0.0.1:9002"));
            ours.Run(size.IngressSeconds * 2, "/p0/1k");
            Compare("1 KB, connections kept", size, () => ours.Run(size.IngressSeconds, "/p0/1k"), () => theirs.Run(size.IngressSeconds, "/p0/1k"));
            Compare("1 KB, a connection for each", size, () => ours.Run(size.IngressSeconds, "/p0/1k", "-H", "Connection: close"), () => theirs.Run(size.IngressSeconds, "/p0/1k", "-H", "Connection: close"));
            Compare("1 MB, connections kept", size, () => ours.Run(size.IngressSeconds, "/p0/1m"), () => theirs.Run(size.IngressSeconds, "/p0/1m"));
            Compare("1 MB, a connection for each", size, () => ours.Run(size.IngressSeconds, "/p0/1m", "-H", "Connection: close"), () => theirs.Run(size.IngressSeconds, "/p0/1m", "-H", "Connection: close"));
        }

        await MeasureManyAsync(cluster, ingress, size);
        Directory.Delete(files, recursive: true);
    }

    private static async Task MeasureManyAsync(Cluster cluster, IngressServer ingress, RunSize size)
    {
        var one = Median(Enumerable.Range(0, size.IngressRounds).Select(_ => ingress.Load.Run(size.IngressSeconds, "/p0/1k")));
        var clock = Stopwatch.StartNew();
        await IngressLoad.CreateIngressesAsync(cluster.Api, 1, size.Hosts);
        await ingress.WhenServedAsync(IngressLoad.Host(size.Hosts - 1), "/p4/1k");
        Figures.Heading($"{size.Hosts} Ingresses of a host with {IngressLoad.Paths.Count} paths each");
        Figures.Print("from the first write to all served", Figures.Time(clock.Elapsed), "no target");
        var script = WriteScript(size.Hosts);
        var many = Median(Enumerable.Range(0, size.IngressRounds).Select(_ => ingress.Load.Run(size.IngressSeconds, "/", "-s", script)));
        Figures.Print(
            "1 KB, connections kept, hosts and paths at random", Figures.Text(many.Rate, "0", "/s"),
            $"target the rate of one host: {Figures.Text(one.Rate, "0", "/s")}; {Micro(many.Cpu)} of CPU each, {Micro(one.Cpu)} with one host");
        List<TimeSpan> changes = [];
        for (var i = 0; i < Math.Min(size.Requests, Changes); i++)
        {
            clock.Restart();
            await IngressLoad.AddPathAsync(cluster.Api, i, $"/new{i}");
            await ingress.WhenServedAsync(IngressLoad.Host(i), $"/new{i}/1k");
            changes.Add(clock.Elapsed);
        }

        var reload = await ReloadAsync(size);
        Figures.Print(
            $"a changed Ingress, from its request to its answer, p99 of {changes.Count}", Figures.Time(Figures.Quantile(changes, 0.99)),
            $"target 100 ms; median {Figures.Time(Figures.Quantile(changes, 0.5))}; nginx reads its configuration of as many anew in {Figures.Time(reload.Took)}");
        Figures.Print("resident, with all of them", Figures.Text(Cluster.Megabytes(ingress.Process, "VmRSS:"), "0", " MB"), $"no target; nginx's worker {Figures.Text(reload.Megabytes, "0", " MB")}");
    }

    private static async Task<(TimeSpan Took, double Megabytes)> ReloadAsync(RunSize size)
    {
        using var nginx = NginxServer.Proxy("127.0.0.1:9002", $"{Behind}:{BehindPort}", Enumerable.Range(0, size.Hosts).Select(IngressLoad.Host), IngressServer.Processor);
        using var worker = (await StartedAsync(nginx, "127.0.0.1:9002")).Process;
        return (nginx.Reload(), Cluster.Megabytes(worker, "VmRSS:"));
    }

    private static void Compare(string what, RunSize size, Func<WrkRun> ours, Func<WrkRun> theirs)
    {
        List<WrkRun> us = [], them = [];
        for (var round = 0; round < size.IngressRounds; round++)
        {
            us.Add(ours());
            them.Add(theirs());
        }

        var (mine, nginx) = (Median(us), Median(them));
        Figures.Print(
            what, Figures.Text(mine.Rate, "0", "/s"),
            $"target 0.8 of nginx's {Figures.Text(nginx.Rate, "0", "/s")}: {Figures.Text(mine.Rate / nginx.Rate, "0.00", "")} of it; p99 {Figures.Time(mine.Slowest)}, nginx {Figures.Time(nginx.Slowest)}; {Micro(mine.Cpu)} of CPU each, nginx {Micro(nginx.Cpu)}");
    }

    private static WrkRun Median(IEnumerable<WrkRun> runs)
    {
        var all = runs.ToArray();
        return new WrkRun(
            all.Select(run => run.Rate).Order().ElementAt(all.Length / 2),
            all.Select(run => run.Slowest).Order().ElementAt(all.Length / 2),
            all.Select(run => run.Cpu).Order().ElementAt(all.Length / 2));
    }

    private static string Micro(TimeSpan time) => Figures.Text(time.TotalMicroseconds, "0.0", " us");

    private static async Task<Wrk> StartedAsync(NginxServer nginx, string address)
    {
        while (true)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPEndPoint.Parse(address));
                return new Wrk(address, nginx.Worker);
            }
            catch (SocketException)
            {
                // Until it has read its configuration.
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
        }
    }

    private static string WriteScript(int hosts)
    {
        var script = Path.GetTempFileName();
        File.WriteAllText(script, $$"""
            request = function()
              return wrk.format("GET", "/p" .. math.random(0, {{IngressLoad.Paths.Count - 1}}) .. "/1k", {Host = "h" .. math.random(0, {{hosts - 1}}) .. ".bench.example"})
            end
            """);
        return script;
    }

    private static void WriteFiles(string directory)
    {
        foreach (var path in IngressLoad.Paths.Concat(Enumerable.Range(0, Changes).Select(number => $"/new{number}")))
        {
            var folder = Directory.CreateDirectory(directory + path).FullName;
            File.WriteAllBytes(Path.Combine(folder, "1k"), Enumerable.Repeat((byte)'x', 1024).ToArray());
        }

        File.WriteAllBytes(Path.Combine(directory, "p0", "1m"), Enumerable.Repeat((byte)'x', 1024 * 1024).ToArray());
    }
}
