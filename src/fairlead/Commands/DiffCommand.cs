using System.CommandLine;
using Fairlead.Completion;
using Fairlead.Reachability;
using Fairlead.Terminal;

namespace Fairlead.Commands;

/// <summary><c>fairlead diff</c>: the reachability that changes between two sets of manifests.</summary>
internal static class DiffCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Output output)
    {
        var before = new Argument<string>("before") { Description = "Manifests as they were: a file or a folder", HelpName = CompletionCommand.PathName };
        var after = new Argument<string>("after") { Description = "Manifests as they are to be", HelpName = CompletionCommand.PathName };
        var families = CommonOptions.Families();
        var format = new Option<string>("--output", "-o") { Description = "table or json", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json");
        var command = new Command("diff", "Say who would reach whom by one set of manifests and not by another, and which policies make the difference (exit code 1 when there is one)")
        {
            before, after, families, format,
        };
        command.SetAction(parsed => DiffRun.Run(
            parsed.GetRequiredValue(before), parsed.GetRequiredValue(after), parsed.GetValue(families) == CommonOptions.Dual, parsed.GetValue(format) == "json", output,
            TimeProvider.System));
        return command;
    }
}
