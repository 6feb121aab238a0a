using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Processes;

/// <summary>What to run. The child gets the namespaces and credentials of the thread that starts it, every signal at its default, none blocked.</summary>
public sealed class SpawnOptions
{
    private readonly List<FileAction> _actions = [];

    /// <summary>The file to execute, an absolute path as the child sees it; no search.</summary>
    public required string FileName { get; init; }

    /// <summary>argv, its name included.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The whole environment, each <c>NAME=value</c>; empty: none.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>Working directory as the child sees it; empty: that of the thread.</summary>
    public string WorkingDirectory { get; init; } = "";

    /// <summary>Whether the child leads a session of its own. Needed for a controlling terminal.</summary>
    public bool NewSession { get; init; }

    internal IReadOnlyList<FileAction> Actions => _actions;

    /// <summary>The child has <paramref name="source"/> as descriptor <paramref name="target"/>. Sources are never overwritten by targets.</summary>
    public SpawnOptions Pass(SafeFd source, int target)
    {
        _actions.Add(new FileAction(FileActionKind.Pass, target, source, "", 0));
        return this;
    }

    /// <summary>The child opens a file, in its own view of the file system, as descriptor <paramref name="target"/>.</summary>
    /// <param name="target">The descriptor.</param>
    /// <param name="path">The file; a terminal becomes the controlling one of a new session.</param>
    /// <param name="access">Reading, writing or both; the file must exist.</param>
    public SpawnOptions Open(int target, string path, FileAccess access)
    {
        var flags = access switch { FileAccess.Read => Libc.O_RDONLY, FileAccess.Write => Libc.O_WRONLY, _ => Libc.O_RDWR };
        _actions.Add(new FileAction(FileActionKind.Open, target, null, path, flags));
        return this;
    }

    /// <summary>The child's descriptor <paramref name="target"/> is the same as its <paramref name="source"/>, opened by an earlier action.</summary>
    public SpawnOptions Copy(int source, int target)
    {
        _actions.Add(new FileAction(FileActionKind.Copy, target, null, "", source));
        return this;
    }

    /// <summary>Standard input, output and error are the terminal, which becomes the controlling one.</summary>
    /// <param name="terminal">The slave's path as the child sees it, see <see cref="Pty.SlavePath"/>. Needs <see cref="NewSession"/>.</param>
    public SpawnOptions OnTerminal(string terminal) => Open(0, terminal, FileAccess.ReadWrite).Copy(0, 1).Copy(0, 2);
}

internal enum FileActionKind
{
    Pass,
    Open,
    Copy,
}

internal sealed record FileAction(FileActionKind Kind, int Target, SafeFd? Source, string Path, int Value);
