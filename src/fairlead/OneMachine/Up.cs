using Fairlead.Linux.Addresses;
using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>What the user asked of <c>up</c>. Null means: as it is, or the default.</summary>
internal sealed record UpRequest
{
    /// <summary>The cluster's name.</summary>
    public required string Name { get; init; }

    /// <summary>Number of nodes.</summary>
    public int? Nodes { get; init; }

    /// <summary>Address families.</summary>
    public IpFamilyMode? Families { get; init; }

    /// <summary>Manifests to apply, full paths.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Make the context current in the kubeconfig.</summary>
    public bool Switch { get; init; } = true;

    /// <summary>Pods reach the outside; so they do unless said otherwise.</summary>
    public bool? Egress { get; init; }

    /// <summary>Ingresses are served; so they are unless said otherwise.</summary>
    public bool? Ingress { get; init; }

    /// <summary>Ranges of external addresses of Services.</summary>
    public IReadOnlyList<IpNet>? ExternalIPRanges { get; init; }

    /// <summary>Services that take external addresses are refused.</summary>
    public bool? DenyExternalIPs { get; init; }
}

/// <summary><c>fairlead up</c> in its three forms: in the foreground, starting a background process, and being that process.</summary>
internal static class Up
{
    /// <summary>Starts the cluster here and runs it until interrupted.</summary>
    public static async Task<int> RunForegroundAsync(UpRequest request, Output output, CancellationToken cancellationToken)
    {
        Preflight.Check();
        if (await AlreadyRunningAsync(request, output, cancellationToken))
        {
            return ExitCodes.Ok;
        }

        await using var cluster = await OneMachineCluster.StartAsync(request, new ConsoleSteps(output), cancellationToken);
        await ApplyAsync(request, output, cancellationToken);
        Welcome(cluster.Spec, output);
        output.Line("Ctrl-C stops it and keeps its objects for the next `up`.");
        await cluster.RunAsync(cancellationToken);
        output.Line($"Stopping cluster {request.Name}; its objects are kept.");
        return ExitCodes.Ok;
    }

    /// <summary>Starts a background process that runs the cluster, shows its steps, and returns when it is ready.</summary>
    public static async Task<int> DetachAsync(UpRequest request, Output output, CancellationToken cancellationToken)
    {
        Preflight.Check();
        if (await AlreadyRunningAsync(request, output, cancellationToken))
        {
            return ExitCodes.Ok;
        }

        await StartDetachedAsync(request, new ConsoleSteps(output), cancellationToken);
        await ApplyAsync(request, output, cancellationToken);
        Welcome(Specs.Load(request.Name)!, output);
        return ExitCodes.Ok;
    }

    /// <summary>Starts the background process and returns when the cluster is ready.</summary>
    /// <exception cref="UserError">It does not start.</exception>
    public static async Task StartDetachedAsync(UpRequest request, ISteps steps, CancellationToken cancellationToken)
    {
        await using var background = BackgroundUp.Start(request);
        await foreach (var report in background.ReadReportsAsync(cancellationToken))
        {
            switch (report.Kind)
            {
                case "step":
                    steps.Done(report.Text, TimeSpan.FromSeconds(report.Seconds));
                    break;
                case "warning":
                    steps.Warn(report.Text);
                    break;
                case "error":
                    throw new UserError(report.Text, report.Hint);
                default:
                    // The pipe's other end lives on in what was started meanwhile; its end is not to be waited for.
                    return;
            }
        }

        throw new UserError("the cluster's process ended before it was ready", $"its log: {new ClusterPaths(request.Name).Log("up")}");
    }

    /// <summary>Whether a cluster runs and is ready.</summary>
    public static bool IsRunning(string name) => Runtimes.Load(new ClusterPaths(name)) is { Ready: true } runtime && ProcessTable.IsAlive(runtime.Supervisor);

    /// <summary>Is the background process: reports over an inherited pipe, then runs until it is told to stop.</summary>
    public static async Task<int> RunDetachedAsync(UpRequest request, int progressDescriptor, CancellationToken cancellationToken)
    {
        var pipe = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(progressDescriptor, ownsHandle: true), FileAccess.Write, bufferSize: 0);
        var steps = new PipeSteps(pipe);
        try
        {
            await using var cluster = await OneMachineCluster.StartAsync(request, steps, cancellationToken);
            steps.Send(new Report("ready", "", 0, ""));
            await pipe.DisposeAsync();
            await cluster.RunAsync(cancellationToken);
            return ExitCodes.Ok;
        }
        catch (UserError e)
        {
            steps.Send(new Report("error", e.Message, 0, e.Hint));
            return e.ExitCode;
        }
    }

    /// <summary>On a running cluster `up` shows it, applies what was given, and changes nothing else.</summary>
    private static async Task<bool> AlreadyRunningAsync(UpRequest request, Output output, CancellationToken cancellationToken)
    {
        if (!IsRunning(request.Name))
        {
            return false;
        }

        var spec = Specs.Load(request.Name) ?? throw new UserError($"the specification of cluster {request.Name} is gone", "`fairlead down` clears what is left of it");
        Specs.RefuseDifferenceOfRunning(spec, request);
        await Status.PrintAsync(request.Name, output, cancellationToken);
        await ApplyAsync(request, output, cancellationToken);
        return true;
    }

    private static async Task ApplyAsync(UpRequest request, Output output, CancellationToken cancellationToken)
    {
        if (request.Files.Count > 0)
        {
            await Manifests.ApplyAsync(request.Name, request.Files, output, cancellationToken);
        }
    }

    private static void Welcome(ClusterSpec spec, Output output)
    {
        var name = spec.Name == ClusterSpec.DefaultName ? "" : $" --name {spec.Name}";
        output.Line($"Cluster {spec.Name} is ready: {spec.Nodes} node{(spec.Nodes == 1 ? "" : "s")}, context {spec.Context}.");
        output.Line("  kubectl get nodes");
        output.Line($"  fairlead down{name}     stop it and leave nothing behind");
    }
}

/// <summary>The runtime record on disk.</summary>
internal static class Runtimes
{
    /// <summary>Reads it; null when there is none, or it cannot be read (a record half written is no record: it is replaced atomically).</summary>
    public static RuntimeRecord? Load(ClusterPaths paths) => JsonFile.Load(paths.Runtime, FairleadJson.Default.RuntimeRecord);

    /// <summary>Writes it.</summary>
    public static void Save(ClusterPaths paths, RuntimeRecord record) => JsonFile.Save(paths.Runtime, record, FairleadJson.Default.RuntimeRecord);
}
