using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Processes;

/// <summary>
/// Another program for the calling process, which keeps its number: PID 1 stays PID 1. Everything that needs memory is done beforehand, so that
/// <see cref="Execute"/> can follow on a change of root and credentials.
/// </summary>
public sealed unsafe class PreparedProgram : IDisposable
{
    private readonly NativeMemoryOwner _memory = new();
    private readonly string _file;
    private readonly byte* _path;
    private readonly byte** _argv;
    private readonly byte** _envp;
    private readonly void* _noSignals;

    /// <summary>Prepares.</summary>
    /// <param name="file">The file to execute, an absolute path; no search.</param>
    /// <param name="arguments">argv, its name included.</param>
    /// <param name="environment">The whole environment, each <c>NAME=value</c>.</param>
    /// <exception cref="ArgumentException">A zero character in one of them.</exception>
    public PreparedProgram(string file, IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
    {
        _file = file;
        _path = _memory.Text(file);
        _argv = _memory.Texts(arguments);
        _envp = _memory.Texts(environment);
        _noSignals = _memory.Allocate(Libc.OpaqueSize);
    }

    /// <summary>
    /// Executes the program with the calling thread's credentials, standard input, output and error, every signal at its default and none blocked.
    /// Does not return when it succeeds.
    /// </summary>
    /// <returns>Why the file could not be executed. Signals are at their defaults then: the caller should exit.</returns>
    public LinuxException Execute()
    {
        // What the runtime ignores (SIGPIPE) would stay ignored.
        for (var signal = 1; signal <= Libc.LastSignal; signal++)
        {
            _ = Libc.SetSignal(signal, 0);
        }

        _ = Libc.SigEmptySet(_noSignals);
        _ = Libc.SetSignalMask(Libc.SIG_SETMASK, _noSignals, null);
        _ = Libc.SystemCall(Libc.SYS_close_range, 3, int.MaxValue, Libc.CLOSE_RANGE_CLOEXEC, 0);
        _ = Libc.Execute(_path, _argv, _envp);
        return LinuxException.Last($"execute {_file}");
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}
