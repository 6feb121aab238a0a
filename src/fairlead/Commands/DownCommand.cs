using System.CommandLine;
using Fairlead.OneMachine;
using Fairlead.Terminal;

namespace Fairlead.Commands;

/// <summary><c>fairlead down</c>: stop a cluster and leave nothing behind.</summary>
internal static class DownCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Output output)
    {
        var name = CommonOptions.Name();
        var all = new Option<bool>("--all") { Description = "Every cluster on this machine" };
        var keep = new Option<bool>("--keep-state") { Description = "Keep the objects for the next `up`" };
        var command = new Command("down", "Stop the cluster and leave nothing behind") { name, all, keep };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Preflight.Check();
            var names = parsed.GetValue(all) ? Teardown.Names() : [parsed.GetRequiredValue(name)];
            foreach (var cluster in names)
            {
                await Teardown.DownAsync(cluster, parsed.GetValue(keep), output, cancellationToken);
            }

            return ExitCodes.Ok;
        });
        return command;
    }
}
