using Fairlead.Kube.Client;
using Fairlead.Kube.Watch;
using Fairlead.Linux.Processes;
using Fairlead.Pods.Containers;
using Fairlead.Pods.Lifecycle;
using Fairlead.Pods.Nodes;
using Fairlead.Pods.Sandbox;
using Fairlead.Pods.Streaming;
using Microsoft.Extensions.Logging;

namespace Fairlead.Pods;

/// <summary>What kubelet and a container engine do, for all nodes of a one-machine cluster.</summary>
public static class PodsRole
{
    /// <summary>Runs until cancelled; containers stay running, and are adopted by the next run.</summary>
    /// <param name="options">The cluster.</param>
    /// <param name="api">The API, as user of the pods role.</param>
    /// <param name="loggers">Where messages go.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public static async Task RunAsync(
        PodsOptions options, IKubeApi api, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        var log = loggers.CreateLogger("Fairlead.Pods");
        using var reactor = new Reactor();
        Directory.CreateDirectory(options.RunDirectory);
        using var context = new PodsContext(options, api, reactor, time, log) { Applets = MakeApplets(options.RunDirectory) };
        var pods = new PodDirectory(context, cancellationToken);
        var router = new StreamRouter(context, pods, cancellationToken);
        await using var server = await StreamingServer.StartAsync(options.SocketPath, router.HandleAsync, loggers);
        List<Task> tasks =
        [
            new Reflector(api, ResourceTypes.Services, ListOptions.All, context.Services, time, log).RunAsync(cancellationToken),
            new Reflector(api, ResourceTypes.Pods, ListOptions.All, pods, time, log).RunAsync(cancellationToken),
            new TokenKeeper(context, pods).RunAsync(cancellationToken),
            .. options.Nodes.Select(node => new NodeKeeper(context, node).RunAsync(cancellationToken)),
        ];
        try
        {
            await Task.WhenAll(tasks);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            log.PodSays("*", "the role ends; containers are left running");
        }

        await pods.WaitAsync();
    }

    /// <summary>Ends every container of a cluster and removes every sandbox. For <c>down</c>, when no role is running.</summary>
    /// <param name="runDirectory">The cluster's <see cref="PodsOptions.RunDirectory"/>, whose last part is its name.</param>
    /// <param name="stateDirectory">The cluster's <see cref="PodsOptions.StateDirectory"/>.</param>
    /// <param name="log">Where failures go.</param>
    public static void CleanUp(string runDirectory, string stateDirectory, ILogger log)
    {
        var pods = $"{runDirectory}/pods";
        foreach (var directory in Directory.Exists(pods) ? Directory.GetDirectories(pods) : [])
        {
            try
            {
                PodMemory.KillAll($"{directory}/state.json");
                PodSandbox.Delete(directory, $"{stateDirectory}/pods/{Path.GetFileName(directory)}");
            }
            catch (IOException e)
            {
                log.LeftoverFailed(directory, e.Message);
            }
        }

        try
        {
            MemoryCgroups.Find(Path.GetFileName(runDirectory))?.RemoveAll();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LeftoverFailed("of control groups", e.Message);
        }
    }

    private static string MakeApplets(string runDirectory)
    {
        if (Executables.Busybox.Length == 0)
        {
            return "";
        }

        var directory = $"{runDirectory}/busybox";
        if (!Directory.Exists(directory))
        {
            var fresh = $"{directory}.new";
            Directory.CreateDirectory(fresh);
            foreach (var applet in BusyboxApplets.Names)
            {
                File.Delete($"{fresh}/{applet}");
                File.CreateSymbolicLink($"{fresh}/{applet}", Executables.Busybox);
            }

            Directory.Move(fresh, directory);
        }

        return directory;
    }
}
