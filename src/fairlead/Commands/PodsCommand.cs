using System.CommandLine;
using Fairlead.Composition;

namespace Fairlead.Commands;

/// <summary><c>fairlead pods</c>: the pods role of a one-machine cluster. Started by <c>up</c>, not by people.</summary>
internal static class PodsCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var name = CommonOptions.Name();
        var command = new Command("pods", "Run the pods of a one-machine cluster (started by `up`)") { name };
        command.Hidden = true;
        command.SetAction((parsed, cancellationToken) => PodsHost.RunAsync(parsed.GetRequiredValue(name), cancellationToken));
        return command;
    }
}
