using System.Diagnostics;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>The Events of a pod, or of another object by its name, as they come.</summary>
internal static class PodEvents
{
    /// <summary>Waits until an Event has been written about the pod, of that reason and with a message that starts so.</summary>
    internal static void Wait(ClusterFixture cluster, string pod, string reason, string message)
    {
        using var watch = Process.Start(new ProcessStartInfo(
            "nsenter",
            [
                $"--net={cluster.OutsidePath}", "timeout", "120", ClusterFixture.KubectlProgram, "--kubeconfig", cluster.Kubeconfig, "get", "events", "--watch",
                "--field-selector", $"involvedObject.name={pod},reason={reason}", "-o", "jsonpath={.message}{\"\\n\"}",
            ])
        { RedirectStandardOutput = true })!;
        var seen = new List<string>();
        try
        {
            while (watch.StandardOutput.ReadLine() is { } line)
            {
                seen.Add(line);
                if (line.StartsWith(message, StringComparison.Ordinal))
                {
                    return;
                }
            }

            throw new InvalidOperationException($"no Event {reason} of pod {pod} says \"{message}\"; seen: {string.Join(" | ", seen)}");
        }
        finally
        {
            watch.Kill(entireProcessTree: true);
            watch.WaitForExit();
        }
    }
}
