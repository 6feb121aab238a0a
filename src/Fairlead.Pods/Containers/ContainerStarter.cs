using System.Text;
using Fairlead.Linux;
using Fairlead.Linux.Files;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Processes;
using Fairlead.Pods.Sandbox;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Pods.Containers;

/// <summary>The steps from a thread of ours to a container's PID 1. Runs on a thread of its own.</summary>
internal static class ContainerStarter
{
    private const NamespaceKinds Shared = NamespaceKinds.Uts | NamespaceKinds.Ipc;

    // Nothing of the container's environment reaches the runtime of its first process, which is still mighty. Small and quick, and nothing left in /tmp.
    private static readonly string[] InitEnvironment =
    [
        "DOTNET_EnableDiagnostics=0", "DOTNET_EnableWriteXorExecute=0", "DOTNET_GCHeapHardLimit=0x2000000", "DOTNET_TieredPGO=0",
        .. Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } runtime ? (string[])[$"DOTNET_ROOT={runtime}"] : [],
    ];

    /// <summary>Starts a container.</summary>
    /// <param name="launch">What to run.</param>
    /// <param name="wire">Gives the process its standard descriptors; not asked when it gets a terminal.</param>
    /// <exception cref="ContainerFailure">The command cannot be executed.</exception>
    /// <exception cref="LinuxException">The kernel refused a namespace or a mount.</exception>
    internal static (ChildProcess Child, Pty? Terminal) Start(ContainerLaunch launch, Func<SpawnOptions, SpawnOptions> wire)
    {
        OwnThread.Enter(launch.NetNamespace, NamespaceKinds.Net);
        OwnThread.Enter(launch.UtsNamespace, NamespaceKinds.Uts);
        OwnThread.Enter(launch.IpcNamespace, NamespaceKinds.Ipc);
        OwnThread.Unshare(NamespaceKinds.Mount | NamespaceKinds.Pid);
        Credentials.SetUmask(0x12);
        var root = ContainerRoot.Build(launch);
        var directory = launch.WorkingDirectory.Length > 0 ? launch.WorkingDirectory : "/";
        using (var tree = ConfinedTree.Open(root))
        {
            tree.MakeDirectory(directory).Dispose();
        }

        var file = Executables.Find(root, launch.Command[0], launch.SearchPath, directory)
            ?? throw new ExecutableMissing(NotFound(launch.Command[0]));
        var terminal = launch.Tty ? Pty.Open($"{root}/dev/pts/ptmx") : null;
        var request = new InitRequest
        {
            Root = root,
            File = file,
            Arguments = launch.Command,
            Environment = launch.Environment,
            WorkingDirectory = directory,
            Identity = launch.Identity,
            Privileged = launch.Privileged,
            Cgroup = launch.Cgroup,
        };
        try
        {
            var init = new SpawnOptions
            {
                FileName = launch.InitProgram,
                Arguments = ["fairlead", ContainerInit.Verb],
                Environment = InitEnvironment,
                WorkingDirectory = "/",
                NewSession = true,
            };
            return (Init(request, terminal is null ? wire(init) : init.OnTerminal(root + terminal.SlavePath)), terminal);
        }
        catch (Exception e) when (e is IOException or ContainerFailure)
        {
            terminal?.Dispose();
            throw e is ContainerFailure ? e : new ContainerFailure($"exec: \"{launch.Command[0]}\": {e.Message}");
        }
    }

    private static ChildProcess Init(InitRequest request, SpawnOptions options)
    {
        using var requests = Pipe.Open();
        using var outcomes = Pipe.Open();
        options.Pass(requests.Reader, ContainerInit.RequestDescriptor).Pass(outcomes.Writer, ContainerInit.OutcomeDescriptor);
        using var prepared = new PreparedProcess(options);
        var child = prepared.Start();
        prepared.Dispose();
        requests.Reader.Dispose();
        outcomes.Writer.Dispose();
        using (var writer = new FileStream(new SafeFileHandle(requests.Writer.Disown(), ownsHandle: true), FileAccess.Write))
        {
            request.Write(writer);
        }

        using var reader = new FileStream(new SafeFileHandle(outcomes.Reader.Disown(), ownsHandle: true), FileAccess.Read, 0);
        using var outcome = new MemoryStream();
        reader.CopyTo(outcome);
        var said = outcome.ToArray();
        if (said is [ContainerInit.Prepared])
        {
            return child;
        }

        child.Signal(Signals.Kill);
        child.Reap();
        child.Dispose();
        throw new ContainerFailure($"exec: \"{request.Arguments[0]}\": " + Reason(said));
    }

    private static string Reason(byte[] said)
    {
        var text = Encoding.UTF8.GetString(said.AsSpan().TrimStart(ContainerInit.Prepared));
        return text.Length > 0 ? text : "the container's first process ended before it could execute it";
    }

    /// <summary>Starts a further process in a running container.</summary>
    internal static (ChildProcess Child, Pty? Terminal) Enter(ChildProcess container, ContainerLaunch launch, Func<SpawnOptions, SpawnOptions> wire)
    {
        // The container's root is reached through its PID 1: what it has written can be executed too.
        var directory = launch.WorkingDirectory.Length > 0 ? launch.WorkingDirectory : "/";
        var file = Executables.Find($"/proc/{container.Id}/root", launch.Command[0], launch.SearchPath, directory)
            ?? throw new ExecutableMissing(NotFound(launch.Command[0]));
        Pty? terminal = null;
        if (launch.Tty)
        {
            terminal = OwnThread.Run(() =>
            {
                OwnThread.Enter(container.Handle, NamespaceKinds.Mount, "container");
                return OpenTerminal(launch.Identity.User);
            });
            if (launch.Size is { } size)
            {
                terminal.Resize(size.Columns, size.Rows);
            }
        }

        var options = Options(launch, file, directory);
        using var prepared = new PreparedProcess(terminal is null ? wire(options) : options.OnTerminal(terminal.SlavePath));
        using var group = Directory.Exists(launch.Cgroup)
            ? new FileStream($"{launch.Cgroup}/cgroup.procs", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0) : null;
        try
        {
            OwnThread.Enter(container.Handle, Shared | NamespaceKinds.Net | NamespaceKinds.Pid | NamespaceKinds.Mount, "container");
            Credentials.SetUmask(0x12);
            launch.Identity.Assume();
            var child = prepared.Start();
            Join(group, child);
            return (child, terminal);
        }
        catch (LinuxException e)
        {
            terminal?.Dispose();
            throw new ContainerFailure($"exec: \"{launch.Command[0]}\": {e.Message}");
        }
    }

    private static void Join(FileStream? group, ChildProcess child)
    {
        try
        {
            group?.Write(Encoding.ASCII.GetBytes(child.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }
        catch (IOException) when (child.WaitUntilEnded(TimeSpan.Zero))
        {
            // It was quicker than this.
            return;
        }
    }

    private static Pty OpenTerminal(uint user)
    {
        var terminal = Pty.Open("/dev/pts/ptmx");
        if (user != 0 && !OperatingSystem.IsWindows())
        {
            // The process opens it after it has become that user; the devpts is the container's own.
            File.SetUnixFileMode(terminal.SlavePath, (UnixFileMode)0x1B6);
        }

        return terminal;
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
