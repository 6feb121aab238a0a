using Fairlead.Benchmarks;
using Fairlead.Testing;

if (args is not [var program])
{
    Console.Error.WriteLine("usage: Fairlead.Benchmarks RELEASE-BINARY, in a network namespace without an uplink (`make bench` does both)");
    return 2;
}

Tool.Run("ip", "link", "set", "lo", "up");
Console.WriteLine($"{Environment.ProcessorCount} processors, Linux {Environment.OSVersion.Version}");
await ServiceRules.MeasureAsync(services: 2_000, endpoints: 10);
using (var cluster = Cluster.Start(program))
{
    await cluster.MeasureStartAsync();
    await ApiLoad.MeasureAsync(cluster.Api);
    await PodStarts.MeasureAsync(cluster);
}

return 0;
