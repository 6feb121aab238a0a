using Fairlead.Benchmarks;
using Fairlead.Testing;

string[] groups = ["services", "scale", "path", "policy", "dns", "ingress", "cluster"];
var size = RunSize.Full;
if (args is [var first, "--size", "tiny", .. var rest])
{
    (size, args) = (RunSize.Tiny, [first, .. rest]);
}

if (args is not [var program, .. var only] || only.Except(groups).Any())
{
    Console.Error.WriteLine($"usage: Fairlead.Benchmarks RELEASE-BINARY [{string.Join('|', groups)}]..., in a network namespace without an uplink (`make bench` does both)");
    return 2;
}

Tool.Run("ip", "link", "set", "lo", "up");
Console.WriteLine($"{Environment.ProcessorCount} processors, Linux {Environment.OSVersion.Version}, load average {Figures.Load()}");
if (Wanted("services"))
{
    var chains = ServiceChains.Load(size.Baseline, 10);
    await ServiceRules.MeasureAsync(size.Baseline, 10, size.Changes, $"{Figures.Time(chains)} as chains, loaded by nft");
    await ServiceRules.MeasureAsync(size.Services, 10, size.Changes, $"target 2 s; as chains, {size.Baseline} take {Figures.Time(chains)}");
    await ServiceRules.MeasureAsync(size.Most, 2, size.Changes, "no target");
}

if (Wanted("scale"))
{
    using var cluster = Cluster.Start(program, "bench-scale", nodes: 1);
    await ClusterScale.MeasureAsync(cluster, size, endpoints: 10);
    await ServicePath.MeasureAsync(cluster, size);
}

if (only.Contains("path"))
{
    using var cluster = Cluster.Start(program, "bench-path", nodes: 1);
    await ServicePath.MeasureAsync(cluster, size);
}

if (Wanted("policy"))
{
    var chains = PolicyChains.Load(size.Policies, size.Pods);
    await PolicyRules.MeasureAsync(size.Policies, size.Pods, size, $"target 2 s; {Figures.Time(chains)} as a chain for each policy, loaded by nft");
    await PolicyRules.MeasureAsync(size.Policies * 10, size.Pods, size, "no target for so many");
    await PolicyPath.MeasureAsync(size);
    using var cluster = Cluster.Start(program, "bench-policy", nodes: 1);
    await PolicyStarts.MeasureAsync(cluster, size);
}

if (Wanted("dns"))
{
    using var cluster = Cluster.Start(program, "bench-dns", nodes: 1, processor: DnsPerf.ServerProcessor);
    await DnsPath.MeasureAsync(cluster, services: 10_000, endpoints: 10);
}

if (Wanted("ingress"))
{
    using var cluster = Cluster.Start(program, "bench-ingress", nodes: 1, processor: Wrk.ClientProcessor);
    await IngressPath.MeasureAsync(program, cluster, size);
}

if (Wanted("cluster"))
{
    using var cluster = Cluster.Start(program, "bench", ingress: true);
    await cluster.MeasureStartAsync();
    await ApiLoad.MeasureAsync(cluster.Api);
    await PodStarts.MeasureAsync(cluster);
}

return 0;

bool Wanted(string group) => only is [] || only.Contains(group);
