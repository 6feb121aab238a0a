using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Processes;

/// <summary>
/// A process ready to start: everything that needs memory or the old file system is done beforehand, so that <see cref="Start"/> is one system
/// call, made by a thread that may already live in the child's root and namespaces. Managed code is never forked.
/// </summary>
public sealed unsafe class PreparedProcess : IDisposable
{
    private readonly SpawnOptions _options;
    private readonly NativeMemoryOwner _memory = new();
    private readonly List<SafeFd> _passed = [];
    private readonly byte* _path;
    private readonly byte** _argv;
    private readonly byte** _envp;
    private readonly void* _actions;
    private readonly void* _attributes;

    /// <summary>Prepares a process.</summary>
    /// <exception cref="LinuxException">Out of descriptors or memory.</exception>
    public PreparedProcess(SpawnOptions options)
    {
        _options = options;
        _path = _memory.Text(options.FileName);
        _argv = _memory.Texts(options.Arguments);
        _envp = _memory.Texts(options.Environment);
        _actions = _memory.Allocate(Libc.OpaqueSize);
        _attributes = _memory.Allocate(Libc.OpaqueSize);
        Check(Libc.SpawnActionsInit(_actions), "posix_spawn_file_actions_init");
        Check(Libc.SpawnAttributesInit(_attributes), "posix_spawnattr_init");
        AddAttributes();
        AddActions();
    }

    /// <summary>Starts the process from the calling thread.</summary>
    /// <returns>The child. Its exit must be awaited, or it stays as a zombie.</returns>
    /// <exception cref="LinuxException">The file cannot be executed, a file action failed, or no process is left.</exception>
    public ChildProcess Start()
    {
        var error = Libc.Spawn(out var pid, _path, _actions, _attributes, _argv, _envp);
        return error == 0 ? ChildProcess.Open(pid) : throw new LinuxException((Errno)error, $"execute {_options.FileName}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_memory.IsEmpty)
        {
            return;
        }

        _ = Libc.SpawnActionsDestroy(_actions);
        _ = Libc.SpawnAttributesDestroy(_attributes);
        _memory.Dispose();
        _passed.ForEach(descriptor => descriptor.Dispose());
        _passed.Clear();
    }

    private static void Check(int error, string operation)
    {
        if (error != 0)
        {
            throw new LinuxException((Errno)error, operation);
        }
    }

    private void AddAttributes()
    {
        // The runtime ignores SIGPIPE, and ignored signals survive exec.
        var signals = _memory.Allocate(Libc.OpaqueSize);
        _ = Libc.SigFillSet(signals);
        Check(Libc.SpawnAttributesSetSigDefault(_attributes, signals), "posix_spawnattr_setsigdefault");
        _ = Libc.SigEmptySet(signals);
        Check(Libc.SpawnAttributesSetSigMask(_attributes, signals), "posix_spawnattr_setsigmask");
        var flags = Libc.POSIX_SPAWN_SETSIGDEF | Libc.POSIX_SPAWN_SETSIGMASK | (_options.NewSession ? Libc.POSIX_SPAWN_SETSID : 0);
        Check(Libc.SpawnAttributesSetFlags(_attributes, (short)flags), "posix_spawnattr_setflags");
    }

    private void AddActions()
    {
        if (_options.WorkingDirectory.Length > 0)
        {
            Check(Libc.SpawnActionsAddChdir(_actions, _options.WorkingDirectory), "posix_spawn_file_actions_addchdir_np");
        }

        var above = _options.Actions.Select(action => action.Target).Append(2).Max() + 1;
        foreach (var action in _options.Actions)
        {
            Check(Add(action, above), $"prepare descriptor {action.Target} of {_options.FileName}");
        }

        // What whoever started this program left open is not the child's.
        Check(Libc.SpawnActionsAddCloseFrom(_actions, above), "posix_spawn_file_actions_addclosefrom_np");
    }

    private int Add(FileAction action, int above)
    {
        switch (action.Kind)
        {
            case FileActionKind.Pass:
                // A copy above every target: no earlier action can overwrite it, and its owner may close the original.
                var copy = new SafeFd(LinuxException.Check(Libc.Fcntl(action.Source!, Libc.F_DUPFD_CLOEXEC, above), "fcntl F_DUPFD_CLOEXEC"));
                _passed.Add(copy);
                return Libc.SpawnActionsAddDup2(_actions, copy.Number, action.Target);
            case FileActionKind.Open:
                return Libc.SpawnActionsAddOpen(_actions, action.Target, action.Path, action.Value, 0);
            default:
                return Libc.SpawnActionsAddDup2(_actions, action.Value, action.Target);
        }
    }
}
