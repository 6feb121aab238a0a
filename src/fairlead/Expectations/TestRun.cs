using System.Globalization;
using Fairlead.Expectations.Packets;
using Fairlead.Offline;
using Fairlead.Terminal;

namespace Fairlead.Expectations;

/// <summary>`fairlead test`: reads expectations and manifests, tries the expectations, and tells what became of them.</summary>
internal static class TestRun
{
    /// <summary>Runs it; exit code 1 when an expectation was missed, or, when asked for them, when there are untested parts of policies.</summary>
    /// <exception cref="UserError">A file is not as it must be: exit code 2.</exception>
    public static async Task<int> RunAsync(TestRequest request, Output output, TimeProvider time, CancellationToken cancellationToken)
    {
        var problems = new SourceProblems();
        var files = request.Files.SelectMany(file => ExpectationReader.Read(file, Console.In, problems)).ToList();
        problems.ThrowIfAny("docs/testing.md says what a file of expectations may hold");
        var (runs, counted, survivors) = (new List<ModeResult>(), 0, new List<Mutant>());

        // Files about the same manifests are about one cluster.
        foreach (var group in files.GroupBy(file => string.Join('\n', request.Manifests.Count > 0 ? request.Manifests : file.Manifests)))
        {
            // What is live needs no manifests.
            var needed = request.Mutate || request.Modes.Any(mode => mode != TestMode.Live);
            var subject = needed ? Subject(group.Key.Split('\n', StringSplitOptions.RemoveEmptyEntries), request, problems, output, time) : null;
            var cases = group.SelectMany(file => file.Cases).ToList();
            foreach (var mode in request.Modes)
            {
                runs.Add(await RunAsync(mode, cases, subject, request, output, cancellationToken));
            }

            if (request.Mutate)
            {
                var (count, missed) = MutationRun.Run(EvaluateRun.Run(cases, subject!));
                counted += count;
                survivors.AddRange(missed);
            }
        }

        await WriteAsync(request, runs, survivors, cancellationToken);
        if (request.Json)
        {
            Output.Raw(JsonReport.Text(JsonReport.Of(runs, request.Mutate ? survivors : null)));
        }
        else
        {
            Print(request, runs, counted, survivors, output);
        }

        return runs.TrueForAll(run => run.Cases.All(result => result.Passed)) && survivors.Count == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    /// <summary>The cluster that manifests would make.</summary>
    /// <exception cref="UserError">The API server would refuse one of them.</exception>
    public static ClusterView Subject(IReadOnlyList<string> manifests, TestRequest request, SourceProblems problems, Output output, TimeProvider time)
    {
        if (manifests.Count == 0)
        {
            throw new UserError("there are no manifests to test", "name them by --manifests, or under `manifests:` in the file of expectations", ExitCodes.Usage);
        }

        var objects = ManifestFiles.Read(manifests, Console.In, problems);
        var (view, warnings) = OfflineCluster.Of(objects, request.Dual, problems, time);
        problems.ThrowIfAny("an API server would refuse it");
        foreach (var warning in warnings)
        {
            output.Warn(warning);
        }

        return view;
    }

    private static async Task<ModeResult> RunAsync(
        TestMode mode, IReadOnlyList<Expectation> cases, ClusterView? subject, TestRequest request, Output output, CancellationToken cancellationToken) => mode switch
        {
            TestMode.Evaluate => EvaluateRun.Run(cases, subject!),
            TestMode.Packets => await PacketMode.RunAsync(cases, subject!, request.Json ? new WarningsOnly(output) : new ConsoleSteps(output), output, cancellationToken),
            _ => await LiveMode.RunAsync(cases, request.Cluster, request.ByExec, cancellationToken),
        };

    private static async Task WriteAsync(TestRequest request, List<ModeResult> runs, List<Mutant> survivors, CancellationToken cancellationToken)
    {
        try
        {
            if (request.Junit.Length > 0)
            {
                await File.WriteAllTextAsync(request.Junit, JunitReport.Of(runs), cancellationToken);
            }

            if (request.Sarif.Length > 0)
            {
                await File.WriteAllTextAsync(request.Sarif, JsonReport.Text(SarifReport.Of(runs, survivors)), cancellationToken);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserError($"the report cannot be written: {e.Message}", "", ExitCodes.Usage);
        }
    }

    private static void Print(TestRequest request, List<ModeResult> runs, int counted, List<Mutant> survivors, Output output)
    {
        foreach (var run in runs)
        {
            Lines(ResultTable.Lines(run));
            if (request.TruthTable)
            {
                Lines(TruthTable.Lines(run.View));
            }

            output.Line("");
        }

        foreach (var line in ResultTable.Disagreements(runs))
        {
            output.Line($"disagreement: {line}");
        }

        foreach (var mutant in survivors)
        {
            output.Line($"untested: {(mutant.Place is { } place ? $"{place}: " : "")}{mutant.Text}");
        }

        foreach (var run in runs)
        {
            output.Line(CaseText.Summary(run));
        }

        if (request.Mutate)
        {
            output.Line(string.Create(CultureInfo.InvariantCulture, $"mutate: {counted} parts of policies dropped in turn, {survivors.Count} that no test would miss"));
        }
    }

    // As they are, whatever the width of the terminal: a row that is wrapped is no row.
    private static void Lines(IEnumerable<string> lines) => Output.Raw(string.Concat(lines.Select(line => Output.Printable(line) + "\n")));
}
