using Fairlead.Linux.Processes;
using Fairlead.Pods;
using Fairlead.Terminal;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.OneMachine;

/// <summary>Stops clusters and removes what they made.</summary>
internal static class Teardown
{
    private const int SigTerm = 15;
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);

    /// <summary>Stops a cluster and leaves nothing; a cluster that is not there is no error.</summary>
    /// <exception cref="UserError">Its process does not end.</exception>
    public static async Task DownAsync(string name, bool keepState, Output output, CancellationToken cancellationToken)
    {
        var paths = new ClusterPaths(name);
        var (runtime, spec) = (Runtimes.Load(paths), Specs.Load(name));
        if (runtime is not null)
        {
            await StopProcessesAsync(runtime, cancellationToken);
        }

        if (spec is not null)
        {
            await ClearAsync(spec, Runtimes.Load(paths) ?? runtime);
        }

        await DiscardAsync(paths.Run, keepState ? "" : paths.State);
        output.Line(spec is null && runtime is null ? $"there is no cluster {name}" : $"cluster {name} is down{(keepState ? "; its state is kept" : "")}");
    }

    /// <summary>Removes links, routes, namespaces, sysctls and the kubeconfig entry. Safe to repeat.</summary>
    public static async Task ClearAsync(ClusterSpec spec, RuntimeRecord? runtime)
    {
        var paths = new ClusterPaths(spec.Name);
        PodsRole.CleanUp(paths.Run, paths.State, NullLogger.Instance);
        await new Fabric(spec).RemoveAsync();
        await HostSysctls.ReleaseAsync(spec.Name);
        if (runtime?.KubeconfigFile.Length > 0)
        {
            await UserKubeconfig.RemoveAsync(runtime.KubeconfigFile, spec.Context, runtime.ReplacedContext);
        }
    }

    /// <summary>Removes what a cluster that did not come to be has on disk.</summary>
    /// <param name="paths">Where it is.</param>
    /// <param name="keepLogs">Its logs stay: they say why.</param>
    public static Task DiscardAsync(ClusterPaths paths, bool keepLogs) =>
        DiscardAsync([paths.Run, .. keepLogs ? Directory.GetFileSystemEntries(paths.State).Where(entry => entry != paths.Logs) : [paths.State]]);

    /// <summary>Names of every cluster that has state or runs.</summary>
    public static IReadOnlyList<string> Names() =>
    [
        .. new[] { ClusterPaths.StateHome, ClusterPaths.RunHome }.Where(Directory.Exists).SelectMany(Directory.GetDirectories)
            .Where(path => File.Exists(Path.Combine(path, "cluster.json")) || File.Exists(Path.Combine(path, "runtime.json")))
            .Select(path => Path.GetFileName(path)!).Distinct().Order(StringComparer.Ordinal),
    ];

    private static async Task StopProcessesAsync(RuntimeRecord runtime, CancellationToken cancellationToken)
    {
        using var reactor = new Reactor();
        if (ProcessTable.IsAlive(runtime.Supervisor) && runtime.Supervisor.Pid != Environment.ProcessId)
        {
            using var process = ChildProcess.Open(runtime.Supervisor.Pid);
            process.Signal(SigTerm);
            using var limit = new CancellationTokenSource(StopLimit, TimeProvider.System);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            try
            {
                await process.WaitAsync(reactor, both.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                throw new UserError($"process {runtime.Supervisor.Pid} does not end", $"`kill -9 {runtime.Supervisor.Pid}`, then `fairlead down` again");
            }
        }

        await Supervisor.EndLeftoversAsync(runtime.Children, reactor, TimeProvider.System);
    }

    private static void Delete(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (IOException) when (!Directory.EnumerateFileSystemEntries(directory).Any())
        {
            // A mount point, and empty now: what is mounted there is not ours to take away.
            return;
        }
    }

    /// <summary>Removes files and folders, and with the last cluster the folders of all.</summary>
    private static async Task DiscardAsync(params IEnumerable<string> entries)
    {
        using var hold = await HostLock.TakeAsync(TimeProvider.System);
        foreach (var entry in entries)
        {
            if (Directory.Exists(entry))
            {
                Delete(entry);
            }
            else if (File.Exists(entry))
            {
                File.Delete(entry);
            }
        }

        foreach (var home in new[] { ClusterPaths.RunHome, ClusterPaths.StateHome })
        {
            if (Directory.Exists(home) && !Directory.EnumerateFileSystemEntries(home).Any())
            {
                Directory.Delete(home);
            }
        }
    }
}
