using System.CommandLine;
using Fairlead.OneMachine;
using Fairlead.Terminal;

namespace Fairlead.Commands;

/// <summary><c>fairlead status</c>: control plane, nodes and components at a glance.</summary>
internal static class StatusCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Output output)
    {
        var name = CommonOptions.Name();
        var format = new Option<string>("--output", "-o") { Description = "table or json", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json");
        var command = new Command("status", "Show what runs, and what is wrong") { name, format };
        command.SetAction((parsed, cancellationToken) => parsed.GetValue(format) == "json"
            ? Status.PrintJsonAsync(parsed.GetRequiredValue(name), output, cancellationToken)
            : Status.PrintAsync(parsed.GetRequiredValue(name), output, cancellationToken));
        return command;
    }
}
