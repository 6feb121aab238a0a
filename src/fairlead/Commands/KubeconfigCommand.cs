using System.CommandLine;
using Fairlead.OneMachine;
using Fairlead.Terminal;

namespace Fairlead.Commands;

/// <summary><c>fairlead kubeconfig</c>: print the administrator's kubeconfig.</summary>
internal static class KubeconfigCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Output output)
    {
        var name = CommonOptions.Name();
        var command = new Command("kubeconfig", "Print the cluster's kubeconfig") { name };
        command.SetAction(parsed =>
        {
            var cluster = parsed.GetRequiredValue(name);
            var file = new ClusterPaths(cluster).AdminKubeconfig;
            if (!Environment.IsPrivilegedProcess)
            {
                throw new UserError($"{file} holds the administrator's key: only root reads it", "run it with sudo");
            }

            if (!File.Exists(file))
            {
                throw new UserError($"there is no cluster {cluster}", $"`fairlead up{(cluster == ClusterSpec.DefaultName ? "" : $" --name {cluster}")}` starts one");
            }

            output.Line(File.ReadAllText(file).TrimEnd());
            return ExitCodes.Ok;
        });
        return command;
    }
}
