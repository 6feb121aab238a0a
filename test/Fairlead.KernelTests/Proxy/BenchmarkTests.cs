using System.Diagnostics;
using System.Text.RegularExpressions;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Proxy;

/// <summary>`make bench` at its smallest: that it still ends, and prints what it is for. What it measures then means nothing.</summary>
public sealed partial class BenchmarkTests
{
    [Fact]
    public async Task The_group_of_services_ends_and_prints_each_of_its_figures()
    {
        using var netns = new TestNetns();
        var program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Fairlead.Benchmarks", "debug", "Fairlead.Benchmarks"));
        using var bench = Process.Start(new ProcessStartInfo("nsenter", [$"--net={netns.Path}", program, "no-binary", "--size", "tiny", "services"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, error) = (bench.StandardOutput.ReadToEndAsync(), bench.StandardError.ReadToEndAsync());
        try
        {
            await bench.WaitForExitAsync(Deadline.Token());
        }
        finally
        {
            if (!bench.HasExited)
            {
                bench.Kill(entireProcessTree: true);
            }
        }

        Assert.Equal((0, ""), (bench.ExitCode, await error));
        var lines = (await output).Split('\n');
        foreach (var figure in new[]
        {
            "from nothing into the kernel", "one endpoint less, then one more, median of 10", "one Service more with its endpoints, median of 10",
            "that Service less, median of 10", "a new room finds all of it there, until it is in step",
        })
        {
            Assert.Equal(3, lines.Count(line => line.StartsWith($"  {figure} ", StringComparison.Ordinal) && Time().IsMatch(line)));
        }
    }

    [GeneratedRegex(@" \d+\.\d+ m?s   ")]
    private static partial Regex Time();
}
