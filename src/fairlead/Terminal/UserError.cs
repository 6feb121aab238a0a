namespace Fairlead.Terminal;

/// <summary>An error meant for the person at the terminal: what is wrong, and what to do about it. Printed as two lines, never as a stack.</summary>
internal sealed class UserError(string message, string hint = "", int exitCode = ExitCodes.Failed) : Exception(message)
{
    /// <summary>What to do; empty when there is nothing to say.</summary>
    public string Hint { get; } = hint;

    /// <summary>The exit code that goes with it.</summary>
    public int ExitCode { get; } = exitCode;
}

/// <summary>What the program's exit codes mean.</summary>
internal static class ExitCodes
{
    /// <summary>Done, and well.</summary>
    public const int Ok = 0;

    /// <summary>Failed, degraded, or a check did not hold.</summary>
    public const int Failed = 1;

    /// <summary>The command line was wrong; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>Interrupted by the user (128 + SIGINT).</summary>
    public const int Interrupted = 130;
}
