using Spectre.Console;

namespace Fairlead.Terminal;

/// <summary>
/// Where a command writes: results to standard output, everything about the command itself to standard error.
/// Colour only on a terminal and without NO_COLOR.
/// </summary>
internal sealed class Output
{
    private const int WidthOfPipe = 4096;

    private readonly IAnsiConsole _errors;

    /// <summary>Writes to the process's own streams.</summary>
    public Output()
    {
        Out = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        _errors = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        IsTerminal = !Console.IsOutputRedirected;
        if (!IsTerminal)
        {
            // A pipe has no width: a line must not be cut for one.
            Out.Profile.Width = WidthOfPipe;
        }

        if (Console.IsErrorRedirected)
        {
            _errors.Profile.Width = WidthOfPipe;
        }
    }

    /// <summary>Standard output, with markup.</summary>
    public IAnsiConsole Out { get; }

    /// <summary>Somebody may be looking.</summary>
    public bool IsTerminal { get; }

    /// <summary>One plain line of result. Control characters are shown, not sent (CVE-2021-25743).</summary>
    public void Line(string text) => Out.WriteLine(Printable(text));

    /// <summary>Text of our own making as it is, whatever the width of the terminal.</summary>
    public static void Raw(string text) => Console.Out.Write(text);

    /// <summary>One line about the command itself, no warning.</summary>
    public void Note(string text) => _errors.WriteLine(Printable(text));

    /// <summary>One warning line.</summary>
    public void Warn(string text) => _errors.MarkupLineInterpolated($"[yellow]warning:[/] {Printable(text)}");

    /// <summary>An error and its hint.</summary>
    public void Error(string message, string hint)
    {
        _errors.MarkupLineInterpolated($"[red]error:[/] {Printable(message)}");
        if (hint.Length > 0)
        {
            _errors.MarkupLineInterpolated($"[blue]hint:[/] {Printable(hint)}");
        }
    }

    /// <summary>The text with every control character but the line feed replaced.</summary>
    public static string Printable(string text) =>
        text.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0 && !text.Contains('\x7f', StringComparison.Ordinal)
            ? text
            : string.Concat(text.Select(c => char.IsControl(c) && c != '\n' ? '\uFFFD' : c));
}
