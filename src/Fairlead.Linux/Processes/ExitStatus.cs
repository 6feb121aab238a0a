namespace Fairlead.Linux.Processes;

/// <summary>How a process ended.</summary>
/// <param name="Code">Exit code, 0 to 255; -1 when not known; 0 when a signal ended it.</param>
/// <param name="Signal">The signal that ended it; 0 when it exited by itself.</param>
public readonly record struct ExitStatus(int Code, int Signal)
{
    /// <summary>The process ended, but it was nobody's to ask how.</summary>
    public static readonly ExitStatus Unknown = new(-1, 0);

    /// <summary>The code a shell and Kubernetes report: 128 + signal when a signal ended it; 255 when not known.</summary>
    public int ShellCode => Signal != 0 ? 128 + Signal : Code < 0 ? 255 : Code;
}
