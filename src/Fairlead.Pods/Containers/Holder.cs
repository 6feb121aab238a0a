using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Processes;
using Fairlead.Pods.Sandbox;

namespace Fairlead.Pods.Containers;

/// <summary>A process 1 that does nothing but keep a root and its namespaces, and take the exit status of orphans.</summary>
internal sealed class Holder
{
    // A shell that waits for its child takes the status of every other one as well.
    private static readonly string[] Idle = ["/bin/sh", "-c", "while :; do sleep 86400; done"];

    private readonly Task _ended;

    private Holder(ChildProcess process, Reactor reactor)
    {
        Process = process;
        _ended = ReapAsync(process, reactor);
    }

    internal ChildProcess Process { get; }

    internal bool Ended => _ended.IsCompleted;

    internal static Holder Start(ContainerLaunch launch, Reactor reactor)
    {
        Directory.CreateDirectory(launch.MountPoint);
        var idle = launch with { Command = Idle, Tty = false, Stdin = false, WorkingDirectory = "/" };
        var (child, _) = OwnThread.Run(() => ContainerStarter.Start(idle, options =>
            options.Open(0, "/dev/null", FileAccess.Read).Open(1, "/dev/null", FileAccess.Write).Copy(1, 2)));
        return new Holder(child, reactor);
    }

    /// <summary>Takes up one that an earlier run of this program started.</summary>
    internal static Holder Adopt(ChildProcess process, Reactor reactor) => new(process, reactor);

    /// <summary>Ends it and every process executed in it.</summary>
    internal void Kill()
    {
        if (!Ended)
        {
            Process.Signal(Signals.Kill);
        }
    }

    internal Task WaitAsync() => _ended;

    private static async Task ReapAsync(ChildProcess process, Reactor reactor)
    {
        await process.WaitAsync(reactor, CancellationToken.None);
        process.Dispose();
    }
}
