namespace Fairlead.Pods.Containers;

/// <summary>Finds executables as a container will see them: the host's, and busybox's applets first where the image is busybox.</summary>
internal static class Executables
{
    internal const string HostPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Where a container sees the applets.</summary>
    internal const string AppletDirectory = "/run/busybox";

    private static readonly string[] BusyboxPlaces = ["/usr/bin/busybox", "/bin/busybox", "/usr/sbin/busybox"];

    internal static string Busybox { get; } = Array.Find(BusyboxPlaces, File.Exists) ?? "";

    internal static bool IsOnHost(string command, bool busybox) =>
        (busybox && Busybox.Length > 0) || Candidates(command, HostPath, "/").Any(path => IsExecutable(path));

    /// <summary>The absolute paths a command may mean, in order.</summary>
    internal static IEnumerable<string> Candidates(string command, string path, string workingDirectory) =>
        command.StartsWith('/') ? [command]
        : command.Contains('/', StringComparison.Ordinal) ? [Path.Combine(workingDirectory, command)]
        : path.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(directory => $"{directory}/{command}");

    /// <summary>The first candidate that exists below <paramref name="root"/>; null when there is none.</summary>
    internal static string? Find(string root, string command, string path, string workingDirectory) =>
        Candidates(command, path, workingDirectory).FirstOrDefault(candidate => IsExecutable(root + candidate));

    private static bool IsExecutable(string path)
    {
        const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        try
        {
            var file = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
            return File.Exists(path) && (OperatingSystem.IsWindows() || !File.Exists(file) || (File.GetUnixFileMode(file) & AnyExecute) != 0);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
