using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Sandbox;

/// <summary>Where the things of one pod are.</summary>
internal sealed class PodPaths
{
    internal PodPaths(PodsOptions options, PodSpec pod)
    {
        var name = $"{pod.Namespace}_{pod.Name}_{pod.Uid}";
        Run = $"{options.RunDirectory}/pods/{name}";
        State = $"{options.StateDirectory}/pods/{name}";
    }

    /// <summary>What lives as long as the machine runs.</summary>
    internal string Run { get; }

    /// <summary>Logs and volumes.</summary>
    internal string State { get; }

    internal string Net => $"{Run}/net";

    internal string Uts => $"{Run}/uts";

    internal string Ipc => $"{Run}/ipc";

    internal string Memory => $"{Run}/state.json";

    internal string Files => $"{Run}/files";

    internal string Container(string name) => $"{Run}/containers/{name}";

    internal string Logs(string container) => $"{State}/logs/{container}";

    internal string Volume(string name) => $"{State}/volumes/{name}";
}
