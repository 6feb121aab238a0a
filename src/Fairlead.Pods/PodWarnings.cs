using System.Text.Json.Nodes;
using Fairlead.Pods.Containers;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods;

/// <summary>What of a pod will not run as its image would: for the API server's <c>Warning:</c> headers.</summary>
public static class PodWarnings
{
    /// <summary>One sentence per container that will be a stand-in.</summary>
    /// <param name="pod">A core/v1 Pod.</param>
    public static IReadOnlyList<string> For(JsonObject pod) =>
        [.. new PodSpec(pod).Containers.Where(container => StandInReason(container).Length > 0).Select(container =>
            $"container \"{container.Name}\": image \"{container.Image}\" is not run on this cluster: {StandInReason(container)}; "
            + "a stand-in answers on its ports with the pod's identity")];

    /// <summary>Why a container is a stand-in; empty when it is run.</summary>
    internal static string StandInReason(ContainerSpec container)
    {
        var argv = CommandLine.Of(container);
        if (argv.Count == 0)
        {
            return "it names no command";
        }

        // Such an image has what the host has: what is missing here would be missing there, and is an error, not a stand-in.
        return CommandLine.HasEmptyEntrypoint(container.Image) || Executables.IsOnHost(argv[0], CommandLine.IsBusybox(container.Image))
            ? "" : $"the host has no executable \"{argv[0]}\"";
    }
}
