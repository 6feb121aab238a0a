using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Fairlead.Terminal;

/// <summary>Reports the steps of a long job as they are done, each with the time it took.</summary>
internal interface ISteps
{
    /// <summary>A step is done.</summary>
    void Done(string step, TimeSpan took);

    /// <summary>Something the user should know, which stops nothing.</summary>
    void Warn(string text);
}

/// <summary>Steps on a terminal (a tick each) or as plain lines.</summary>
internal sealed class ConsoleSteps(Output output) : ISteps
{
    /// <inheritdoc/>
    public void Done(string step, TimeSpan took)
    {
        var time = took.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture);
        if (output.IsTerminal)
        {
            output.Out.MarkupLineInterpolated($" [green]✓[/] {step} [grey]{time} s[/]");
        }
        else
        {
            output.Line($"{step}: {time} s");
        }
    }

    /// <inheritdoc/>
    public void Warn(string text) => output.Warn(text);
}

/// <summary>For a document on standard output: steps would be in its way.</summary>
internal sealed class WarningsOnly(Output output) : ISteps
{
    /// <inheritdoc/>
    public void Done(string step, TimeSpan took)
    {
    }

    /// <inheritdoc/>
    public void Warn(string text) => output.Warn(text);
}

/// <summary>One report on its way from a detached process to the one that started it: a line of JSON.</summary>
/// <param name="Kind"><c>step</c>, <c>warning</c>, <c>error</c> or <c>ready</c>.</param>
/// <param name="Text">The step, the warning, the error.</param>
/// <param name="Seconds">How long the step took.</param>
/// <param name="Hint">What to do about an error.</param>
internal sealed record Report(string Kind, string Text, double Seconds, string Hint);

/// <summary>Steps written as <see cref="Report"/> lines, for the process that waits at the other end of a pipe.</summary>
internal sealed class PipeSteps(Stream pipe) : ISteps
{
    /// <inheritdoc/>
    public void Done(string step, TimeSpan took) => Send(new Report("step", step, took.TotalSeconds, ""));

    /// <inheritdoc/>
    public void Warn(string text) => Send(new Report("warning", text, 0, ""));

    /// <summary>Sends one report. A reader that went away is no error: the job goes on.</summary>
    public void Send(Report report)
    {
        try
        {
            pipe.Write(JsonSerializer.SerializeToUtf8Bytes(report, FairleadJson.Default.Report));
            pipe.WriteByte((byte)'\n');
            pipe.Flush();
        }
        catch (IOException)
        {
            // Whoever started us was interrupted; the cluster is still wanted.
        }
    }
}
