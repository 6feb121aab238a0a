using System.CommandLine;
using Fairlead.Completion;
using Fairlead.OneMachine;
using Fairlead.Terminal;

namespace Fairlead.Commands;

/// <summary><c>fairlead completion</c>: a script with which a shell completes verbs, options and cluster names, without running fairlead again.</summary>
internal static class ShellCompletionCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Print a completion script: source <(fairlead completion bash)") { shell };
        command.SetAction(parsed =>
        {
            Output.Raw(Script(parsed.GetRequiredValue(shell), parsed.RootCommandResult.Command, Clusters));
            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>The script for a shell.</summary>
    /// <param name="shell">bash, zsh or fish.</param>
    /// <param name="root">The command tree.</param>
    /// <param name="clusters">Paths, with one asterisk in the place of a cluster's name, of files that every cluster has one of.</param>
    internal static string Script(string shell, Command root, IReadOnlyList<string> clusters)
    {
        var model = CompletionCommand.Of(root);
        return shell switch
        {
            "bash" => BashCompletion.Script(model, clusters),
            "zsh" => ZshCompletion.Script(model, clusters),
            _ => FishCompletion.Script(model, clusters),
        };
    }

    private static IReadOnlyList<string> Clusters => [new ClusterPaths("*").Spec];
}
