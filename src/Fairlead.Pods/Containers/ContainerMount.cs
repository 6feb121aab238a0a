namespace Fairlead.Pods.Containers;

/// <summary>Something of the host shown in a container.</summary>
/// <param name="Source">A file or directory of the host.</param>
/// <param name="Target">An absolute path in the container.</param>
/// <param name="ReadOnly">Whether nothing can be written.</param>
/// <param name="SubPath">What of the source, when not all of it; made, as a directory, when missing.</param>
internal sealed record ContainerMount(string Source, string Target, bool ReadOnly, string SubPath = "");

/// <summary>What a container is started with.</summary>
internal sealed record ContainerLaunch
{
    internal required string NetNamespace { get; init; }

    internal required string UtsNamespace { get; init; }

    internal required string IpcNamespace { get; init; }

    /// <summary>An empty directory the root is built on; only the container sees what is mounted there.</summary>
    internal required string MountPoint { get; init; }

    internal required IReadOnlyList<string> Command { get; init; }

    internal required IReadOnlyList<string> Environment { get; init; }

    internal string WorkingDirectory { get; init; } = "/";

    internal Identification Identity { get; init; } = new();

    internal bool Privileged { get; init; }

    internal bool ReadOnlyRoot { get; init; }

    internal bool Tty { get; init; }

    /// <summary>The terminal's size from the start; null when nobody said one.</summary>
    internal Streaming.TerminalSize? Size { get; init; }

    internal bool Stdin { get; init; }

    internal IReadOnlyList<ContainerMount> Mounts { get; init; } = [];

    internal IReadOnlyList<string> Masked { get; init; } = [];

    /// <summary>Directory of busybox's applets; empty when the image is another.</summary>
    internal string Applets { get; init; } = "";

    /// <summary>Directory of the control group its processes are in; empty for none of their own.</summary>
    internal string Cgroup { get; init; } = "";

    /// <summary>The program that knows <see cref="ContainerInit.Verb"/>: this one.</summary>
    internal string InitProgram { get; init; } = System.Environment.ProcessPath ?? "";

    internal string SearchPath =>
        Environment.LastOrDefault(variable => variable.StartsWith("PATH=", StringComparison.Ordinal))?[5..] ?? Executables.HostPath;
}
