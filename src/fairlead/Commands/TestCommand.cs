using System.CommandLine;
using Fairlead.Completion;
using Fairlead.Expectations;
using Fairlead.Terminal;

namespace Fairlead.Commands;

/// <summary><c>fairlead test</c>: expectations of who reaches whom, as code.</summary>
internal static class TestCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Output output)
    {
        var files = new Argument<string[]>("file") { Description = "Files of expectations; - for standard input", Arity = ArgumentArity.OneOrMore, HelpName = CompletionCommand.PathName };
        var manifests = CommonOptions.Paths("--manifests", "Manifests, and folders of them, in place of those that the files name", "-f");
        var modes = new Option<string[]>("--mode")
        {
            Description = "How, one or several: evaluate (from manifests alone, the default), packets (real ones, on a cluster started for the run; root), live (real ones, on the cluster of the kubeconfig)",
            CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(','))],
        };
        modes.Validators.Add(result =>
        {
            foreach (var mode in result.Tokens.SelectMany(token => token.Value.Split(',')).Where(mode => !TryMode(mode, out _)))
            {
                result.AddError($"--mode: there is no mode {mode}");
            }
        });
        var cluster = new ClusterOptions("Mode live: ");
        var exec = new Option<bool>("--exec") { Description = "Mode live: send by what the containers have, through the API, as on clusters of others" };
        var families = CommonOptions.Families();
        var mutate = new Option<bool>("--mutate") { Description = "Drop each part of each policy in turn and name those that no test would miss (exit code 1 when there are any)" };
        var table = new Option<bool>("--truth-table") { Description = "Print who reaches whom, port by port" };
        var junit = CommonOptions.File("--junit", "Write JUnit XML to this file");
        var sarif = CommonOptions.File("--sarif", "Write SARIF 2.1.0 to this file, misses at their lines");
        var format = new Option<string>("--output", "-o") { Description = "table or json", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json");
        var command = new Command("test", "Try expectations of who reaches whom, from manifests alone or with real packets (exit code 1 on any miss, 2 when a file is not as it must be)")
        {
            files, manifests, modes, exec, families, mutate, table, junit, sarif, format,
        };
        cluster.AddTo(command);
        command.SetAction((parsed, cancellationToken) => TestRun.RunAsync(
            new TestRequest
            {
                Files = parsed.GetRequiredValue(files),
                Manifests = parsed.GetValue(manifests) ?? [],
                Modes = parsed.GetValue(modes) is { Length: > 0 } named ? [.. named.Select(Mode).Distinct()] : [TestMode.Evaluate],
                Dual = parsed.GetValue(families) == CommonOptions.Dual,
                Cluster = cluster.Of(parsed),
                ByExec = parsed.GetValue(exec),
                Mutate = parsed.GetValue(mutate),
                TruthTable = parsed.GetValue(table),
                Junit = parsed.GetValue(junit) ?? "",
                Sarif = parsed.GetValue(sarif) ?? "",
                Json = parsed.GetValue(format) == "json",
            },
            output, TimeProvider.System, cancellationToken));
        return command;
    }

    private static bool TryMode(string text, out TestMode mode) => Enum.TryParse(text, ignoreCase: true, out mode) && !char.IsAsciiDigit(text[0]);

    private static TestMode Mode(string text) => TryMode(text, out var mode) ? mode : TestMode.Evaluate;
}
