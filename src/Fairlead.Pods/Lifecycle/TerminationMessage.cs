using System.Text;
using Fairlead.Kube.Documents;
using Fairlead.Pods.Containers;
using Fairlead.Pods.Sandbox;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Lifecycle;

/// <summary>What a container leaves behind to be read in its status (core/v1 Container, terminationMessagePath and terminationMessagePolicy).</summary>
internal static class TerminationMessage
{
    // kubelet's limits (kubecontainer.MaxContainerTerminationMessageLength, …LogLength, …LogLines).
    private const int MaxBytes = 4096;
    private const int MaxLogBytes = 2048;
    private const int MaxLogLines = 80;

    /// <summary>Makes the file anew, for the next run, and shows it where the container expects it.</summary>
    internal static ContainerMount Prepare(PodPaths paths, ContainerSpec container)
    {
        var file = FileOf(paths, container);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.Delete(file);
        File.WriteAllBytes(file, []);
        if (!OperatingSystem.IsWindows())
        {
            // Whoever the container's user is.
            File.SetUnixFileMode(file, (UnixFileMode)0x1B6);
        }

        return new ContainerMount(file, container.Document.TextOr("/dev/termination-log", "terminationMessagePath"), ReadOnly: false);
    }

    /// <summary>The message of a run that has ended, with <paramref name="exitCode"/>; empty when it left none.</summary>
    internal static async Task<string> ReadAsync(PodPaths paths, ContainerSpec container, int exitCode, string log, CancellationToken cancellationToken)
    {
        var file = FileOf(paths, container);
        var left = File.Exists(file) ? Last(file) : "";
        if (left.Length > 0 || exitCode == 0 || container.Document.Text("terminationMessagePolicy") != "FallbackToLogsOnError")
        {
            return left;
        }

        using var output = new MemoryStream();
        await LogReader.CopyAsync(log, null, new LogOptions(false, MaxLogLines, null, false, null, ""), output, cancellationToken);
        var text = output.ToArray();
        return Encoding.UTF8.GetString(text.AsSpan(Math.Max(0, text.Length - MaxLogBytes)));
    }

    private static string FileOf(PodPaths paths, ContainerSpec container) => $"{paths.Container(container.Name)}/termination-log";

    private static string Last(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Position = Math.Max(0, file.Length - MaxBytes);
        var bytes = new byte[MaxBytes];
        return Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, MaxBytes, throwOnEndOfStream: false));
    }
}
