using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.OneMachine;
using Fairlead.Terminal;
using Spectre.Console;

namespace Fairlead.Demo;

/// <summary>Shows results as they come.</summary>
internal interface IDemoPrinter
{
    /// <summary>The checks of one heading are done.</summary>
    void Print(Heading heading, IReadOnlyList<CheckResult> results);

    /// <summary>All are done.</summary>
    void End(ClusterSpec spec, IReadOnlyList<CheckResult> results, TimeSpan took);
}

/// <summary>One plain line per check, for pipes and logs.</summary>
internal sealed class LinePrinter(Output output) : IDemoPrinter
{
    /// <inheritdoc/>
    public void Print(Heading heading, IReadOnlyList<CheckResult> results)
    {
        output.Line("");
        output.Line(heading.Title);
        foreach (var result in results)
        {
            output.Line($"  {Summary.Word(result.Seen.Verdict),-9} {Summary.Time(result.Took),8}  {result.Check.Tried} | expected: {result.Check.Expected} | seen: {result.Seen.Text}");
        }
    }

    /// <inheritdoc/>
    public void End(ClusterSpec spec, IReadOnlyList<CheckResult> results, TimeSpan took)
    {
        foreach (var line in Summary.Lines(spec, results, took))
        {
            output.Line(line);
        }
    }
}

/// <summary>A grid per heading, for a terminal: a line per check when it is wide enough, wrapped within columns when it is not.</summary>
internal sealed class GridPrinter(Output output) : IDemoPrinter
{
    /// <inheritdoc/>
    public void Print(Heading heading, IReadOnlyList<CheckResult> results)
    {
        output.Out.MarkupLineInterpolated($"\n[bold]{heading.Title}[/]");
        var grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn(new GridColumn().NoWrap().RightAligned()).AddColumn().AddColumn().AddColumn();
        foreach (var result in results)
        {
            var (mark, style) = result.Seen.Verdict switch
            {
                Verdict.Held => ("✓", "green"),
                Verdict.Failed => ("✗", "red"),
                _ => ("-", "yellow"),
            };
            grid.AddRow(
                new Markup($" {mark}", style), new Markup(Summary.Time(result.Took), "grey"), new Text(Output.Printable(result.Check.Tried)),
                new Text(Output.Printable(result.Check.Expected), "grey"), new Text(Output.Printable(result.Seen.Text), result.Seen.Verdict == Verdict.Failed ? "red" : Style.Plain));
        }

        output.Out.Write(grid);
    }

    /// <inheritdoc/>
    public void End(ClusterSpec spec, IReadOnlyList<CheckResult> results, TimeSpan took)
    {
        foreach (var line in Summary.Lines(spec, results, took))
        {
            output.Line(line);
        }
    }
}

/// <summary>One document at the end.</summary>
internal sealed class JsonPrinter(Output output) : IDemoPrinter
{
    /// <inheritdoc/>
    public void Print(Heading heading, IReadOnlyList<CheckResult> results)
    {
    }

    /// <inheritdoc/>
    public void End(ClusterSpec spec, IReadOnlyList<CheckResult> results, TimeSpan took)
    {
        var document = new JsonObject
        {
            ["cluster"] = spec.Name,
            ["checks"] = results.Count,
            ["failed"] = results.Count(result => result.Seen.Verdict == Verdict.Failed),
            ["notTried"] = results.Count(result => result.Seen.Verdict == Verdict.NotTried),
            ["milliseconds"] = (long)took.TotalMilliseconds,
            ["results"] = new JsonArray([.. results.Select(result => (JsonNode)new JsonObject
            {
                ["heading"] = result.Heading.Key,
                ["verdict"] = Summary.Word(result.Seen.Verdict),
                ["tried"] = result.Check.Tried,
                ["expected"] = result.Check.Expected,
                ["seen"] = result.Seen.Text,
                ["milliseconds"] = (long)result.Took.TotalMilliseconds,
            })]),
        };

        // Past the console's line breaking: a line broken within a string is no JSON.
        output.Out.Profile.Out.Writer.WriteLine(document.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
    }
}

/// <summary>What every way of printing says.</summary>
internal static class Summary
{
    /// <summary>A verdict in a word.</summary>
    public static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Held => "ok",
        Verdict.Failed => "FAILED",
        _ => "not tried",
    };

    /// <summary>A time for people.</summary>
    public static string Time(TimeSpan took) => string.Create(CultureInfo.InvariantCulture, $"{took.TotalMilliseconds:0} ms");

    /// <summary>How it ended, and how to go on.</summary>
    public static IEnumerable<string> Lines(ClusterSpec spec, IReadOnlyList<CheckResult> results, TimeSpan took)
    {
        var failed = results.Count(result => result.Seen.Verdict == Verdict.Failed);
        var notTried = results.Count(result => result.Seen.Verdict == Verdict.NotTried);
        var name = spec.Name == ClusterSpec.DefaultName ? "" : $" --name {spec.Name}";
        yield return "";
        yield return string.Create(
            CultureInfo.InvariantCulture, $"{results.Count} checks, {failed} failed{(notTried > 0 ? $", {notTried} not tried" : "")}, in {took.TotalSeconds:0.0} s");
        yield return "";
        yield return failed > 0
            ? "Objects that were there before were used as they are. Delete one that you have changed, and the next demo creates it as the lesson has it."
            : $"The cluster goes on, and so can you (context {spec.Context}):";
        yield return "  kubectl get pods,services,ingresses,networkpolicies -A -o wide";
        yield return "  kubectl exec deploy/web -- curl -s http://api-service";
        yield return "  kubectl run dns-test --image=busybox:1.36 --rm -it -- nslookup api-service";
        yield return $"  fairlead demo{name}     again: shows what your changes did";
        yield return $"  fairlead down{name}     stop it and leave nothing behind";
    }
}
