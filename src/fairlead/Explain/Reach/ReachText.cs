using System.Globalization;
using Fairlead.Policy.Findings;
using Fairlead.State;
using Fairlead.Terminal;
using Spectre.Console;

namespace Fairlead.Explain.Reach;

/// <summary>How a line is to be shown.</summary>
internal enum LineTone
{
    /// <summary>As any other.</summary>
    Plain,

    /// <summary>A step that lets the packet go on.</summary>
    Good,

    /// <summary>The step at which it ends, and the verdict.</summary>
    Bad,

    /// <summary>A step that cannot be told.</summary>
    Doubtful,

    /// <summary>What a step says beside.</summary>
    Faint,
}

/// <summary>One line for people.</summary>
internal readonly record struct ReachLine(LineTone Tone, string Text)
{
    /// <summary>Prints it, in colour on a terminal.</summary>
    public void Print(Output output)
    {
        var text = Output.Printable(Text);
        if (!output.IsTerminal)
        {
            Output.Raw(text + "\n");
            return;
        }

        var style = Tone switch
        {
            LineTone.Good => "green",
            LineTone.Bad => "bold red",
            LineTone.Doubtful => "yellow",
            LineTone.Faint => "grey",
            _ => "default",
        };
        output.Out.MarkupLine($"[{style}]{Markup.Escape(text)}[/]");
    }
}

/// <summary>An explanation for people: a line per step with a tick or a cross, and the verdict as a sentence at the end.</summary>
internal static class ReachText
{
    private const int MaxEndpoints = 4;
    private const int MaxInFull = 2;

    /// <summary>All lines.</summary>
    /// <param name="all">The explanations, each with what a real packet met.</param>
    /// <param name="findings">Mistakes of the objects on the way.</param>
    public static IEnumerable<ReachLine> Lines(IReadOnlyList<(ReachExplanation Explanation, ProbeFinding? Probe)> all, IReadOnlyList<Finding> findings)
    {
        foreach (var (one, probe) in all)
        {
            foreach (var line in all.Count > MaxInFull ? [] : Steps(one))
            {
                yield return line;
            }

            yield return new ReachLine(one.Verdict == ReachVerdict.Reachable ? LineTone.Good : LineTone.Bad, all.Count > MaxInFull ? $"{Mark(one.Verdict)} {one.Sentence}" : one.Sentence);
            if (probe is not null)
            {
                yield return Probe(probe);
            }
        }

        if (all.Count > MaxInFull)
        {
            yield return new ReachLine(LineTone.Faint, "name one pod and one port for every step of the way");
        }

        foreach (var finding in findings)
        {
            yield return new ReachLine(LineTone.Doubtful, $"looks like: {finding.Kind} {finding.Object} {finding.Line}");
        }
    }

    /// <summary>What a real packet or request met.</summary>
    internal static ReachLine Probe(ProbeFinding probe, string what = "packet") => probe.Agrees switch
    {
        true => new ReachLine(LineTone.Good, $"probe: {probe.Words}, as explained"),
        null => new ReachLine(LineTone.Doubtful, $"probe: {probe.Words}"),
        _ => new ReachLine(LineTone.Bad, $"DIFFERENCE: a real {what} met something else than was explained: {probe.Words}"),
    };

    private static IEnumerable<ReachLine> Steps(ReachExplanation one)
    {
        var address = one.Address.IsNone || one.Port == 0 || one.To.Contains($"{one.Address}", StringComparison.Ordinal) ? "" : $" ({(one.Address.IsV4 ? $"{one.Address}" : $"[{one.Address}]")})";
        yield return new ReachLine(LineTone.Plain, $"{one.From}{(one.Where.Length > 0 ? $" ({one.Where})" : "")} → {one.Target}{address}");
        foreach (var line in Steps(one.Steps, one.Endpoints))
        {
            yield return line;
        }
    }

    /// <summary>The steps, and the ways to the endpoints: alike ones only once.</summary>
    internal static IEnumerable<ReachLine> Steps(ValueArray<ReachStep> steps, ValueArray<EndpointReach> endpoints)
    {
        foreach (var line in steps.SelectMany(step => Step(step, "  ")))
        {
            yield return line;
        }

        var several = endpoints.Count > 1;
        var groups = endpoints.GroupBy(Pattern).ToList();
        foreach (var group in groups)
        {
            var shown = group.Take(Math.Max(1, MaxEndpoints / groups.Count)).ToList();
            foreach (var endpoint in shown)
            {
                foreach (var line in Endpoint(endpoint, several))
                {
                    yield return line;
                }
            }

            if (group.Count() > shown.Count)
            {
                yield return new ReachLine(LineTone.Faint, string.Create(CultureInfo.InvariantCulture, $"  and {group.Count() - shown.Count} more endpoints likewise"));
            }
        }
    }

    /// <summary>What endpoints have in common that need be shown only once.</summary>
    private static string Pattern(EndpointReach endpoint) => string.Join(' ', endpoint.Steps.Select(step => $"{step.What}{step.Verdict}{step.Object}{step.Path}"));

    private static IEnumerable<ReachLine> Endpoint(EndpointReach endpoint, bool several)
    {
        if (several)
        {
            yield return new ReachLine(LineTone.Plain, $"  → {endpoint.Endpoint}{(endpoint.Pod.Length > 0 ? $" pod {endpoint.Pod}" : "")}");
        }

        foreach (var line in endpoint.Steps.SelectMany(step => Step(step, several ? "    " : "  ")))
        {
            yield return line;
        }
    }

    private static IEnumerable<ReachLine> Step(ReachStep step, string indent)
    {
        var (mark, tone) = step.Verdict switch
        {
            StepVerdict.Ok => ("✓", LineTone.Good),
            StepVerdict.Fails => ("✗", LineTone.Bad),
            _ => ("?", LineTone.Doubtful),
        };
        yield return new ReachLine(tone, $"{indent}{mark} {step.What,-9} {step.Words}");
        var below = indent + new string(' ', 12);
        foreach (var note in step.Notes.AsEnumerable())
        {
            yield return new ReachLine(LineTone.Plain, below + note);
        }

        if (step.At.Length > 0)
        {
            yield return new ReachLine(LineTone.Faint, $"{below}{step.At}");
        }

        foreach (var line in Excerpt(step, below))
        {
            yield return line;
        }
    }

    private static IEnumerable<ReachLine> Excerpt(ReachStep step, string below) => step.Excerpt.Count == 0 ? []
        : new[] { $"{step.Path}:" }.Concat(step.Excerpt.Select(line => $"  {line}")).Select(line => new ReachLine(LineTone.Faint, below + line));

    private static string Mark(ReachVerdict verdict) => verdict == ReachVerdict.Reachable ? "✓" : "✗";
}
