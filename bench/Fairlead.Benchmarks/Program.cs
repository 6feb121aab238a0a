using Fairlead.Benchmarks;
using Fairlead.Testing;

if (args is not [var program, .. var only] || only is not ([] or ["pods"]))
{
    Console.Error.WriteLine("usage: Fairlead.Benchmarks RELEASE-BINARY [pods], in a network namespace without an uplink (`make bench` does both)");
    return 2;
}

Tool.Run("ip", "link", "set", "lo", "up");
Console.WriteLine($"{Environment.ProcessorCount} processors, Linux {Environment.OSVersion.Version}");
if (only is [])
{
    await ServiceRules.MeasureAsync(services: 2_000, endpoints: 10);
}

using (var cluster = Cluster.Start(program))
{
    await cluster.MeasureStartAsync();
    if (only is [])
    {
        await ApiLoad.MeasureAsync(cluster.Api);
    }

    await PodStarts.MeasureAsync(cluster);
}

return 0;
