using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Processes;
using Fairlead.Linux.Syscalls;
using Microsoft.Extensions.Logging;

namespace Fairlead.OneMachine;

/// <summary>A process the supervisor keeps running: fairlead itself in another role.</summary>
/// <param name="Name">Its role, as in <see cref="ProcessRecord.Name"/>; also the name of its log.</param>
/// <param name="Arguments">What follows the program's name.</param>
/// <param name="Namespace">Name of the network namespace to start it in; empty for the supervisor's own.</param>
internal sealed record Role(string Name, IReadOnlyList<string> Arguments, string Namespace)
{
    /// <summary>Sockets it inherits, as systemd hands them (sd_listen_fds(3)); ours to keep, so that what arrives while it is away waits.</summary>
    public IReadOnlyList<SafeFd> Sockets { get; init; } = [];

    /// <summary>What is done each time it has ended, before it is started again.</summary>
    public Action Ended { get; init; } = () => { };
}

/// <summary>
/// Starts the roles and starts them again when they end. Each has a log file; the one of its previous life is kept beside it.
/// </summary>
internal sealed class Supervisor(ClusterPaths paths, Reactor reactor, TimeProvider time, ILogger log, Action<IReadOnlyList<ProcessRecord>> changed)
{
    private const int SigTerm = 15;
    private const int SigKill = 9;

    /// <summary>SD_LISTEN_FDS_START.</summary>
    private const int FirstInherited = 3;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LastDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, ProcessRecord> _records = [];

    /// <summary>Keeps one role running until cancelled, then ends it: asked first, killed after a grace time.</summary>
    public async Task KeepAsync(Role role, CancellationToken cancellationToken)
    {
        var delay = FirstDelay;
        for (var restarts = 0; !cancellationToken.IsCancellationRequested; restarts++)
        {
            using var child = Start(role);
            Record(new ProcessRecord(role.Name, child.Id, ProcessTable.StartTicks(child.Id), restarts, _records.GetValueOrDefault(role.Name)?.LastExit ?? ""));
            log.Started(role.Name, child.Id);
            var started = time.GetTimestamp();
            try
            {
                var status = await child.WaitAsync(reactor, cancellationToken);
                var how = status.Signal != 0 ? $"signal {status.Signal}" : $"exit code {status.Code}";
                log.Ended(role.Name, how);
                role.Ended();
                Record(new ProcessRecord(role.Name, 0, 0, restarts + 1, how));
            }
            catch (OperationCanceledException)
            {
                await EndAsync(child);
                return;
            }

            delay = time.GetElapsedTime(started) > LastDelay ? FirstDelay : Min(delay * 2, LastDelay);
            await Task.Delay(delay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Ends processes that an earlier supervisor left: the recorded ones, if they are still the same.</summary>
    public static async Task EndLeftoversAsync(IEnumerable<ProcessRecord> processes, Reactor reactor, TimeProvider time)
    {
        foreach (var record in processes.Where(ProcessTable.IsAlive))
        {
            using var process = ChildProcess.Open(record.Pid);
            await EndAsync(process, reactor, time);
        }
    }

    private static async Task EndAsync(ChildProcess process, Reactor reactor, TimeProvider time)
    {
        process.Signal(SigTerm);
        using var limit = new CancellationTokenSource(Grace, time);
        try
        {
            await process.WaitAsync(reactor, limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Signal(SigKill);
            await process.WaitAsync(reactor, CancellationToken.None);
        }
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private Task EndAsync(ChildProcess child) => EndAsync(child, reactor, time);

    private ChildProcess Start(Role role)
    {
        var logFile = paths.Log(role.Name.Replace(' ', '-'));
        if (File.Exists(logFile))
        {
            File.Move(logFile, logFile + ".1", overwrite: true);
        }

        File.WriteAllBytes(logFile, []);
        var program = Environment.ProcessPath!;
        var options = new SpawnOptions
        {
            FileName = program,
            Arguments = ["fairlead", .. role.Arguments],
            Environment = [.. Variables(), $"LISTEN_FDS={role.Sockets.Count}", $"LISTEN_FDNAMES={string.Join(':', role.Sockets.Select(_ => "dns"))}"],
            WorkingDirectory = "/",
            NewSession = true,
        }.Open(0, "/dev/null", FileAccess.Read).Open(1, logFile, FileAccess.Write).Copy(1, 2);
        for (var i = 0; i < role.Sockets.Count; i++)
        {
            options.Pass(role.Sockets[i], FirstInherited + i);
        }

        if (role.Namespace.Length == 0)
        {
            return ChildProcess.Start(options);
        }

        using var netns = NetNamespace.OpenNamed(role.Namespace);
        return netns.Run(() => ChildProcess.Start(options));
    }

    private static IEnumerable<string> Variables()
    {
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            yield return $"{variable.Key}={variable.Value}";
        }
    }

    private void Record(ProcessRecord record)
    {
        lock (_gate)
        {
            _records[record.Name] = record;
            changed([.. _records.Values]);
        }
    }
}
