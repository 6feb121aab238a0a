using System.CommandLine;
using Fairlead.Cni.Plugin;

namespace Fairlead.Commands;

/// <summary><c>fairlead cni</c>: the CNI plugin, as container runtimes execute it.</summary>
internal static class CniCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command("cni", "CNI plugin: environment and JSON on standard input, result on standard output");
        command.SetAction((_, cancellationToken) => RunAsync(cancellationToken));
        return command;
    }

    /// <summary>Runs the plugin; its exit code is the CNI specification's.</summary>
    public static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await using var input = Console.OpenStandardInput();
        await using var output = Console.OpenStandardOutput();
        return await CniPlugin.RunAsync(Environment.GetEnvironmentVariable, input, output, cancellationToken);
    }
}
