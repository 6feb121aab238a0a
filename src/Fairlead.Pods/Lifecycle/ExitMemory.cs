using System.Globalization;
using Fairlead.Linux.Processes;

namespace Fairlead.Pods.Lifecycle;

/// <summary>How a process of a container ended, written down by whoever was its parent then: <see cref="PodOrphans"/>.</summary>
internal static class ExitMemory
{
    private const int Attempts = 50;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    internal static void Save(string container, int pid, string start, ExitStatus status)
    {
        var path = $"{container}/exit";
        File.WriteAllText($"{path}.new", string.Create(CultureInfo.InvariantCulture, $"{pid} {start} {status.Code} {status.Signal}"));
        File.Move($"{path}.new", path, overwrite: true);
    }

    /// <summary><see cref="ExitStatus.Unknown"/> when nothing is written down of that process.</summary>
    internal static ExitStatus Load(string container, int pid, string start)
    {
        var path = $"{container}/exit";
        return File.Exists(path) && File.ReadAllText(path).Split(' ') is [var number, var ticks, var code, var signal]
            && number == pid.ToString(CultureInfo.InvariantCulture) && ticks == start
            ? new ExitStatus(int.Parse(code, CultureInfo.InvariantCulture), int.Parse(signal, CultureInfo.InvariantCulture)) : ExitStatus.Unknown;
    }

    /// <summary>Of a process that has just ended: its parent sees it at the same moment, and has yet to write it down.</summary>
    internal static async Task<ExitStatus> WaitAsync(string container, int pid, string start, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var status = Load(container, pid, start);
            if (status != ExitStatus.Unknown || attempt == Attempts)
            {
                return status;
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }
}
