using System.Diagnostics;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Linux.Namespaces;

namespace Fairlead.Benchmarks;

/// <summary>
/// The cluster's DNS on a node, the agent as it is with all its other work, beside Knot DNS in the same namespace: the server on one processor, dnsperf on another.
/// Rounds alternate, so that what else the machine does meets both.
/// </summary>
internal sealed class DnsPath(Cluster cluster, NetNamespace node, DnsPerf agent, DnsPerf knot)
{
    private const string Server = "10.96.0.10";
    private const int Rounds = 5;
    private const int RunSeconds = 2;
    private const int LatencySeconds = 4;
    private const int Sample = 500;
    private const int Writes = 50;
    private static readonly TimeSpan ChangeInterval = TimeSpan.FromMilliseconds(10);

    public static async Task MeasureAsync(Cluster cluster, int services, int endpoints)
    {
        Figures.Heading($"DNS of {services} Services x {endpoints} endpoints, the agent of a node beside Knot DNS with one worker, a processor each, median of {Rounds} rounds");
        using var agent = cluster.Agent();
        cluster.PinOthers(DnsPerf.ClientProcessor);
        var bare = Cluster.Megabytes(agent, "VmRSS:");
        await ClusterScale.WriteAsync(cluster.Api, services, endpoints);
        using var node = cluster.OpenNode();
        var names = new DnsNames(services, endpoints);
        using (var asker = new DnsAsker(node, Server))
        {
            while (asker.Ask(DnsNames.Name(ServiceLoad.Key(services - 1).Name), false).Code != 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
            }
        }

        using var knot = new KnotServer(cluster.NodePath, node, names);
        var path = new DnsPath(cluster, node, new DnsPerf("ours", cluster.NodePath, Server, agent), new DnsPerf("Knot", cluster.NodePath, KnotServer.Address, knot.Process));
        await path.MeasureAsync(names);
        Figures.Print("agent, resident, with none of them", Figures.Text(bare, "0", " MB"),
            $"target 60 MB beside the tables; with all of them and after all this {Figures.Text(Cluster.Megabytes(agent, "VmRSS:"), "0", " MB")}; CoreDNS 169 MB with half of them");
    }

    private async Task MeasureAsync(DnsNames names)
    {
        await MeasureSetAsync("names that exist", names.Positive(), "17600");
        await MeasureSetAsync("names that do not exist", names.Negative(), "15400");
        await MeasureSetAsync("search paths", names.SearchPath(), "14200");
        await MeasureChangingAsync(names.Positive());
        await MeasureNewsAsync();
    }

    private async Task MeasureSetAsync(string what, DnsQuestion[] questions, string coreDns)
    {
        foreach (var server in new[] { agent, knot })
        {
            using var asker = new DnsAsker(node, server.Address);
            asker.Check(questions.Take(Sample));
        }

        using var data = await DataFile.WriteAsync(questions);
        var (ours, theirs) = (new List<DnsRun>(), new List<DnsRun>());
        for (var round = 0; round < Rounds; round++)
        {
            ours.Add(agent.Run(data.Path, RunSeconds));
            theirs.Add(knot.Run(data.Path, RunSeconds));
        }

        var (rate, baseline) = (Median(ours, run => run.Rate), Median(theirs, run => run.Rate));
        Figures.Print($"{what}, mixed case, EDNS", Figures.Text(rate, "0", "/s"),
            $"target Knot's {Figures.Text(baseline, "0", "/s")}: {Figures.Text(rate / baseline, "0.00", "")} of it; CoreDNS 1.13 {coreDns}/s; {Sample} answers right of each");
        Figures.Print("  CPU of the server for each, kernel included", Figures.Text(Median(ours, run => run.Cpu.TotalMicroseconds), "0.0", " us"),
            $"Knot {Figures.Text(Median(theirs, run => run.Cpu.TotalMicroseconds), "0.0", " us")}; lost {Lost(ours)}, Knot {Lost(theirs)}");
        var (half, other) = (agent.Slowest(data.Path, LatencySeconds, rate / 2), knot.Slowest(data.Path, LatencySeconds, baseline / 2));
        Figures.Print("  p99 at half of that rate", Figures.Text(half.TotalMilliseconds, "0.00", " ms"),
            $"target 1 ms; Knot at half of its {Figures.Text(other.TotalMilliseconds, "0.00", " ms")}; CoreDNS 10.8 ms");
    }

    // Both meet the same API server and writer on dnsperf's processor. Knot's zone stays as it is, and our agent is stopped while Knot answers.
    private async Task MeasureChangingAsync(DnsQuestion[] questions)
    {
        using var data = await DataFile.WriteAsync(questions);
        using var ending = new CancellationTokenSource();
        var changing = ChangeAsync(ending.Token);
        var (ours, theirs) = (new List<DnsRun>(), new List<DnsRun>());
        for (var round = 0; round < Rounds; round++)
        {
            ours.Add(agent.Run(data.Path, RunSeconds));
            theirs.Add(agent.Stopped(() => knot.Run(data.Path, RunSeconds)));
        }

        var (rate, baseline) = (Median(ours, run => run.Rate), Median(theirs, run => run.Rate));
        var half = agent.Slowest(data.Path, LatencySeconds, rate / 2);
        var other = agent.Stopped(() => knot.Slowest(data.Path, LatencySeconds, baseline / 2));
        await ending.CancelAsync();
        var (count, seconds) = await changing;
        Figures.Print("names that exist, a Service changed every 10 ms", Figures.Text(rate, "0", "/s"),
            $"target Knot's beside the same writer, its own zone unchanged, {Figures.Text(baseline, "0", "/s")}: {Figures.Text(rate / baseline, "0.00", "")} of it; {Figures.Text(count / seconds, "0", "")} changes/s; lost {Lost(ours)}, Knot {Lost(theirs)}");
        Figures.Print("  CPU of the server for each, kernel and changes included", Figures.Text(Median(ours, run => run.Cpu.TotalMicroseconds), "0.0", " us"),
            $"Knot {Figures.Text(Median(theirs, run => run.Cpu.TotalMicroseconds), "0.0", " us")}");
        Figures.Print("  p99 at half of that rate", Figures.Text(half.TotalMilliseconds, "0.00", " ms"), $"target 1 ms; Knot {Figures.Text(other.TotalMilliseconds, "0.00", " ms")}");
    }

    private async Task<(int Count, double Seconds)> ChangeAsync(CancellationToken cancellationToken)
    {
        var (count, watch) = (0, Stopwatch.StartNew());
        while (!cancellationToken.IsCancellationRequested)
        {
            var due = (count * ChangeInterval) - watch.Elapsed;
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due, TimeProvider.System, CancellationToken.None);
            }

            // The port changes and changes back.
            var service = ClusterScale.Service(count / 2 % 1000, 80 + (1 - (count % 2)));
            await cluster.Api.UpdateAsync(ResourceTypes.Services, "default", (string)service["metadata"]!["name"]!, "", service, CancellationToken.None);
            count++;
        }

        return (count, watch.Elapsed.TotalSeconds);
    }

    private async Task MeasureNewsAsync()
    {
        var (fromRequest, fromAnswer) = (new List<TimeSpan>(), new List<TimeSpan>());
        using var asker = new DnsAsker(node, Server);
        for (var i = 0; i < Writes; i++)
        {
            var name = $"news-{i}";
            var document = new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Service",
                ["metadata"] = new JsonObject { ["name"] = name },
                ["spec"] = new JsonObject { ["ports"] = new JsonArray(new JsonObject { ["port"] = 80 }) },
            };
            var start = Stopwatch.GetTimestamp();
            var known = Task.Run(() =>
            {
                while (asker.Ask(DnsNames.Name(name), false).Code != 0)
                {
                    // Asked again at once.
                }

                return Stopwatch.GetElapsedTime(start);
            });
            await cluster.Api.CreateAsync(ResourceTypes.Services, "default", document, CancellationToken.None);
            var answered = Stopwatch.GetElapsedTime(start);
            fromRequest.Add(await known);
            fromAnswer.Add(fromRequest[^1] - answered);
        }

        Figures.Print($"a new Service, from its request to its DNS answer, of {Writes}", Figures.Time(Figures.Quantile(fromRequest, 0.5)),
            $"slowest {Figures.Time(fromRequest.Max())}, target 50 ms; from the API server's answer {Figures.Time(Figures.Quantile(fromAnswer, 0.5))}, slowest {Figures.Time(fromAnswer.Max())}");
    }

    private static double Median(IEnumerable<DnsRun> runs, Func<DnsRun, double> value) => runs.Select(value).Order().ElementAt(Rounds / 2);

    private static string Lost(IEnumerable<DnsRun> runs) => Figures.Text(100 * runs.Average(run => run.Lost), "0.00", " %");

    /// <summary>Questions in a file, for as long as they are asked.</summary>
    private sealed class DataFile : IDisposable
    {
        public string Path { get; } = System.IO.Path.GetTempFileName();

        public static async Task<DataFile> WriteAsync(IEnumerable<DnsQuestion> questions)
        {
            var file = new DataFile();
            await File.WriteAllLinesAsync(file.Path, questions.Select(question => question.Line));
            return file;
        }

        public void Dispose() => File.Delete(Path);
    }
}
