using System.CommandLine;
using Fairlead.Cni.Plugin;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Commands;

/// <summary><c>fairlead cni</c>: the CNI plugin, as container runtimes execute it.</summary>
internal static class CniCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command("cni", "CNI plugin: environment and JSON on standard input, result on standard output");
        command.SetAction(_ => Run());
        return command;
    }

    /// <summary>Runs the plugin; its exit code is the CNI specification's.</summary>
    public static int Run()
    {
        // Not the console's streams: those bring a signal handling thread and the terminal's settings with them.
        using var input = new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, 0);
        using var output = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, 0);
        return CniPlugin.Run(Environment.GetEnvironmentVariable, input, output);
    }
}
