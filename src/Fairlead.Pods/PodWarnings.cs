using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Pods.Containers;
using Fairlead.Pods.Lifecycle;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods;

/// <summary>What of a pod will not run as its image would: for the API server's <c>Warning:</c> headers.</summary>
public static class PodWarnings
{
    /// <summary>One sentence per container that will be a stand-in, and per wish for confinement that is not heeded.</summary>
    /// <param name="spec">The specification of a pod, or of a pod template.</param>
    /// <param name="path">Its path in the document that is written, for example <c>spec.template.spec</c>.</param>
    public static IEnumerable<string> For(JsonObject spec, string path)
    {
        foreach (var (unheeded, reason) in PodSecurity.Unheeded(spec))
        {
            yield return $"{path}.{unheeded}: {reason}";
        }

        foreach (var list in (string[])["initContainers", "containers"])
        {
            var index = 0;
            foreach (var container in spec.Objects(list).Select(container => new ContainerSpec(container, spec.Object("securityContext"))))
            {
                if (StandInReason(container) is { Length: > 0 } reason)
                {
                    var instead = list == "containers" || container.RestartsAlways ? "a stand-in answers on its ports with the pod's identity" : "it counts as completed";
                    yield return string.Create(CultureInfo.InvariantCulture,
                        $"{path}.{list}[{index}].image: \"{container.Image}\" is not run on this cluster: {reason}; {instead}");
                }

                index++;
            }
        }
    }

    /// <summary>Why a container is a stand-in; empty when it is run.</summary>
    internal static string StandInReason(ContainerSpec container)
    {
        var argv = CommandLine.Of(container);
        if (argv.Count == 0)
        {
            return "it names no command";
        }

        // Such an image has what the host has: what is missing here would be missing there, and is an error, not a stand-in.
        return CommandLine.HasEmptyEntrypoint(container.Image) || IsMounted(argv[0], container) || Executables.IsOnHost(argv[0], CommandLine.IsBusybox(container.Image))
            ? "" : $"the host has no executable \"{argv[0]}\"";
    }

    // It is what the volume has, in an image as here, and known only once the volume is filled: what is missing then is an error, as with any command.
    private static bool IsMounted(string command, ContainerSpec container) =>
        container.Mounts.Select(mount => mount.Text("mountPath").TrimEnd('/')).Any(path => path.Length > 0 && (command == path || command.StartsWith($"{path}/", StringComparison.Ordinal)));
}
