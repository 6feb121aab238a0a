using Fairlead.Linux;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Processes;

namespace Fairlead.Pods.Containers;

/// <summary>The steps from a thread of ours to a container's PID 1. Runs on a thread of its own.</summary>
internal static class ContainerStarter
{
    private const NamespaceKinds Shared = NamespaceKinds.Uts | NamespaceKinds.Ipc;

    internal static (ChildProcess Child, Pty? Terminal) Start(ContainerLaunch launch, Func<SpawnOptions, SpawnOptions> wire)
    {
        OwnThread.Enter(launch.NetNamespace, NamespaceKinds.Net);
        OwnThread.Enter(launch.UtsNamespace, NamespaceKinds.Uts);
        OwnThread.Enter(launch.IpcNamespace, NamespaceKinds.Ipc);
        OwnThread.Unshare(NamespaceKinds.Mount | NamespaceKinds.Pid);
        Credentials.SetUmask(0x12);
        var root = ContainerRoot.Build(launch);
        var directory = launch.WorkingDirectory.Length > 0 ? launch.WorkingDirectory : "/";
        Directory.CreateDirectory(ContainerRoot.Resolve(root, directory));
        var file = Executables.Find(root, launch.Command[0], launch.SearchPath, directory)
            ?? throw new ContainerFailure(NotFound(launch.Command[0]));
        using var prepared = new PreparedProcess(wire(Options(launch, file, directory)));
        Mounts.PivotRoot(root);
        var terminal = launch.Tty ? Pty.Open("/dev/pts/ptmx") : null;
        Credentials.Set(launch.User, launch.Group, [], launch.Capabilities);
        try
        {
            return (prepared.Start(), terminal);
        }
        catch (LinuxException e)
        {
            terminal?.Dispose();
            throw new ContainerFailure($"exec: \"{launch.Command[0]}\": {e.Message}");
        }
    }

    /// <summary>Starts a further process in a running container.</summary>
    internal static (ChildProcess Child, Pty? Terminal) Enter(ChildProcess container, ContainerLaunch launch, Func<SpawnOptions, SpawnOptions> wire)
    {
        // The container's root is reached through its PID 1: what it has written can be executed too.
        var directory = launch.WorkingDirectory.Length > 0 ? launch.WorkingDirectory : "/";
        var file = Executables.Find($"/proc/{container.Id}/root", launch.Command[0], launch.SearchPath, directory)
            ?? throw new ContainerFailure(NotFound(launch.Command[0]));
        Pty? terminal = null;
        if (launch.Tty)
        {
            terminal = OwnThread.Run(() =>
            {
                OwnThread.Enter(container.Handle, NamespaceKinds.Mount, "container");
                return Pty.Open("/dev/pts/ptmx");
            });
        }

        var options = Options(launch, file, directory);
        using var prepared = new PreparedProcess(terminal is null ? wire(options) : options.OnTerminal(terminal.SlavePath));
        try
        {
            OwnThread.Enter(container.Handle, Shared | NamespaceKinds.Net | NamespaceKinds.Pid | NamespaceKinds.Mount, "container");
            Credentials.Set(launch.User, launch.Group, [], launch.Capabilities);
            return (prepared.Start(), terminal);
        }
        catch (LinuxException e)
        {
            terminal?.Dispose();
            throw new ContainerFailure($"exec: \"{launch.Command[0]}\": {e.Message}");
        }
    }

    private static SpawnOptions Options(ContainerLaunch launch, string file, string directory) => new()
    {
        FileName = file,
        Arguments = launch.Command,
        Environment = launch.Environment,
        WorkingDirectory = directory,
        NewSession = true,
    };

    private static string NotFound(string command) => command.Contains('/', StringComparison.Ordinal)
        ? $"exec: \"{command}\": stat {command}: no such file or directory"
        : $"exec: \"{command}\": executable file not found in $PATH";
}
