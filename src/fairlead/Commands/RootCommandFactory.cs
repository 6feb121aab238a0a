using System.CommandLine;
using Fairlead.Terminal;

namespace Fairlead.Commands;

/// <summary>The command tree, and how its errors become exit codes.</summary>
internal static class RootCommandFactory
{
    /// <summary>How long a command may take to end once it was asked to: a cluster ends its processes and removes its network.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);

    /// <summary>Parses and runs. Usage errors exit 2 and do nothing; errors meant for the user are two lines.</summary>
    public static async Task<int> RunAsync(string[] args, Output output)
    {
        var root = Create(output);
        var parsed = root.Parse(args.Length == 0 ? ["--help"] : args);
        if (parsed.Errors.Count > 0)
        {
            var (message, hint) = UsageErrors.Describe(parsed);
            output.Error(message, hint);
            return ExitCodes.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = StopLimit });
        }
        catch (UserError e)
        {
            output.Error(e.Message, e.Hint);
            return e.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
    }

    /// <summary>The command tree.</summary>
    internal static RootCommand Create(Output output)
    {
        var root = new RootCommand("Kubernetes Services and networking in one program: a cluster on this machine in seconds, or the node agent of a real one.")
        {
            UpCommand.Create(output),
            DownCommand.Create(output),
            StatusCommand.Create(output),
            KubeconfigCommand.Create(output),
            InspectCommand.Create(output),
            ObserveCommand.Create(output),
            ExplainCommand.Create(output),
            TestCommand.Create(output),
            DiffCommand.Create(output),
            DemoCommand.Create(output),
            ShellCompletionCommand.Create(),
            AgentCommand.Create(),
            IngressCommand.Create(),
            PodsCommand.Create(),
            CniCommand.Create(),
        };
        return root;
    }
}
