using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Fairlead.Testing;

namespace Fairlead.Benchmarks;

/// <summary>A server under dnsperf: its own processor, and dnsperf on another.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Netns">Path of the namespace both are in.</param>
/// <param name="Address">Where it answers.</param>
/// <param name="Process">Its process.</param>
internal sealed partial record DnsPerf(string Name, string Netns, string Address, Process Process)
{
    /// <summary>The processor of dnsperf, and of whatever else is not the server.</summary>
    public const int ClientProcessor = 0;

    // Seconds until a question counts as lost.
    private const int Timeout = 1;

    /// <summary>The server's processor.</summary>
    public static int ServerProcessor => Environment.ProcessorCount - 1;

    /// <summary>Moves all threads of a process to a processor.</summary>
    public static void Pin(Process process, int processor) => Tool.Run("taskset", "-apc", $"{processor}", $"{process.Id}");

    /// <summary>As much as it answers.</summary>
    /// <param name="data">Questions, a file.</param>
    /// <param name="seconds">How long.</param>
    public DnsRun Run(string data, int seconds)
    {
        Process.Refresh();
        var before = Process.TotalProcessorTime;
        var output = Tool.Run("nsenter", [.. Command(data, seconds)]);
        Process.Refresh();
        var answers = Number(output, @"Queries completed:\s+(\d+)");
        return new DnsRun(
            Number(output, @"Queries per second:\s+([\d.]+)"),
            Number(output, @"Queries lost:\s+(\d+)") / Math.Max(Number(output, @"Queries sent:\s+(\d+)"), 1),
            (Process.TotalProcessorTime - before) / Math.Max(answers, 1));
    }

    /// <summary>The time that one answer of a hundred takes longer than, at a rate that it can do.</summary>
    public TimeSpan Slowest(string data, int seconds, double rate)
    {
        var file = Path.GetTempFileName();
        try
        {
            // Into a file: who reads a pipe would want the same processor.
            var command = string.Join(' ', Command(data, seconds).Append($"-Q {rate.ToString("0", CultureInfo.InvariantCulture)} -v"));
            Tool.Run("sh", "-c", $"nsenter {command} > {file}");
            return Figures.Quantile(File.ReadLines(file).Where(line => line.StartsWith("> ", StringComparison.Ordinal)).Select(Latency), 0.99);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Has the server stand still (SIGSTOP) while something else is measured on its processor.</summary>
    public T Stopped<T>(Func<T> measured)
    {
        Tool.Run("kill", "-STOP", $"{Process.Id}");
        try
        {
            return measured();
        }
        finally
        {
            Tool.Run("kill", "-CONT", $"{Process.Id}");
        }
    }

    // "> NOERROR name A 0.000123"; a question without an answer has no time, and took as long as it was waited for.
    private static TimeSpan Latency(string line) => TimeSpan.FromSeconds(
        double.TryParse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture, out var seconds) ? seconds : Timeout);

    private static double Number(string output, string pattern) =>
        double.Parse(Regex.Match(output, pattern).Groups[1].Value, CultureInfo.InvariantCulture);

    // 16 clients with 25 questions under way each; with an EDNS record, as every resolver of today sends one.
    private IEnumerable<string> Command(string data, int seconds) =>
    [
        $"--net={Netns}", "taskset", "-c", $"{ClientProcessor}", "dnsperf", "-s", Address, "-d", data, "-e", "-l", $"{seconds}", "-c", "16", "-q", "400", "-T", "1", "-t", $"{Timeout}",
    ];
}

/// <summary>What a run gave.</summary>
/// <param name="Rate">Answers per second.</param>
/// <param name="Lost">The share of questions that had none.</param>
/// <param name="Cpu">Time of the server's process for one answer, the kernel's for it included.</param>
internal readonly record struct DnsRun(double Rate, double Lost, TimeSpan Cpu);
