using System.Diagnostics;
using Fairlead.Linux.Namespaces;
using Fairlead.Testing;

namespace Fairlead.Benchmarks;

/// <summary>
/// Knot DNS with one worker and the same names in a zone file, in the node's namespace at an address of its own. Its packets go the same way as those of the
/// node's server: past the same rules, and without connection tracking.
/// </summary>
internal sealed class KnotServer : IDisposable
{
    /// <summary>Where it answers.</summary>
    public const string Address = "192.0.2.53";

    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-knot").FullName;

    public KnotServer(string netns, NetNamespace node, DnsNames names)
    {
        names.WriteZone(Path.Combine(_directory, "zone"));
        File.WriteAllText(Path.Combine(_directory, "conf"), Configuration());
        Tool.Run("nsenter", $"--net={netns}", "ip", "address", "add", $"{Address}/32", "dev", "lo");
        Untrack(netns);
        var processor = DnsPerf.ServerProcessor;
        Process = Process.Start(new ProcessStartInfo("nsenter", [$"--net={netns}", "taskset", "-c", $"{processor}", "knotd", "-c", Path.Combine(_directory, "conf")])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        Await(node);
        DnsPerf.Pin(Process, processor);
    }

    /// <summary>Its process.</summary>
    public Process Process { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Process.Kill();
        Process.WaitForExit();
        Process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static void Untrack(string netns)
    {
        var rules = Rules("prerouting") + Rules("output");
        var (code, _, error) = Tool.TryRun("nsenter", rules, $"--net={netns}", "nft", "-f", "-");
        if (code != 0)
        {
            throw new InvalidOperationException($"nft refused the rules: {error}");
        }
    }

    private static string Rules(string hook) =>
        $$"""
        table ip bench {
          chain {{hook}} {
            type filter hook {{hook}} priority raw
            ip daddr {{Address}} udp dport 53 notrack
            ip saddr {{Address}} udp sport 53 notrack
          }
        }

        """;

    private static void Await(NetNamespace node)
    {
        for (var tries = 0; ; tries++)
        {
            using var asker = new DnsAsker(node, Address);
            try
            {
                if (asker.Ask(DnsNames.Name("s0"), false).Code == 0)
                {
                    return;
                }
            }
            catch (System.Net.Sockets.SocketException) when (tries < 100)
            {
                // Refused until it listens.
                Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System).Wait();
            }
        }
    }

    private string Configuration() =>
        $"""
        server:
            rundir: "{_directory}"
            listen: {Address}@53
            udp-workers: 1
            tcp-workers: 1
            background-workers: 1
        database:
            storage: "{_directory}/db"
        log:
          - target: stderr
            any: error
        zone:
          - domain: cluster.local
            storage: "{_directory}"
            file: zone
            zonefile-load: whole
            zonefile-sync: -1
            journal-content: none

        """;
}
