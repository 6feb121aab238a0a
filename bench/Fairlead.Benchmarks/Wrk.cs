using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Fairlead.Testing;

namespace Fairlead.Benchmarks;

/// <summary>A proxy under wrk: its own processor, and wrk on another.</summary>
/// <param name="Address">Where it answers, address:port.</param>
/// <param name="Process">Its process.</param>
internal sealed partial record Wrk(string Address, Process Process)
{
    /// <summary>The processor of wrk and of the server behind.</summary>
    public const int ClientProcessor = 0;

    /// <summary>As many requests as it answers over 32 connections.</summary>
    /// <param name="seconds">How long.</param>
    /// <param name="path">What is asked for.</param>
    /// <param name="arguments">More of wrk's.</param>
    /// <exception cref="InvalidOperationException">An answer was not 2xx.</exception>
    public WrkRun Run(int seconds, string path, params string[] arguments)
    {
        Process.Refresh();
        var before = Process.TotalProcessorTime;
        var output = Tool.Run("taskset", ["-c", $"{ClientProcessor}", "wrk", "-t1", "-c32", $"-d{seconds}", "--latency", "-H", $"Host: {IngressLoad.Host(0)}", .. arguments, $"http://{Address}{path}"]);
        Process.Refresh();
        if (output.Contains("Non-2xx", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"{Address} did not answer all with 2xx:\n{output}");
        }

        return new WrkRun(
            double.Parse(Match(@"Requests/sec:\s+([\d.]+)"), CultureInfo.InvariantCulture),
            Latency(Match(@"99%\s+([\d.]+[um]?s)")),
            (Process.TotalProcessorTime - before) / Math.Max(double.Parse(Match(@"(\d+) requests in"), CultureInfo.InvariantCulture), 1));

        string Match(string pattern) => Regex.Match(output, pattern).Groups[1].Value;
    }

    private static TimeSpan Latency(string text)
    {
        var unit = text.EndsWith("us", StringComparison.Ordinal) ? 1e-6 : text.EndsWith("ms", StringComparison.Ordinal) ? 1e-3 : 1;
        return TimeSpan.FromSeconds(double.Parse(text.TrimEnd('u', 'm', 's'), CultureInfo.InvariantCulture) * unit);
    }
}

/// <summary>What a run gave.</summary>
/// <param name="Rate">Answers per second.</param>
/// <param name="Slowest">The time that one answer of a hundred took longer than.</param>
/// <param name="Cpu">Time of the proxy's process for one answer, the kernel's for it included.</param>
internal readonly record struct WrkRun(double Rate, TimeSpan Slowest, TimeSpan Cpu);
