using System.Globalization;
using Fairlead.Linux;
using Fairlead.Linux.Processes;
using Fairlead.Pods.Sandbox;

namespace Fairlead.Pods.Streaming;

/// <summary>All processes of a session: what a command has started and not moved to a session of its own.</summary>
internal static class ProcessSession
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Hangs up, as a closed terminal does, and kills what is still there a second later.</summary>
    internal static async Task EndAsync(int leader, Task ended, TimeProvider time)
    {
        Signal(leader, Signals.HangUp);
        using var over = new CancellationTokenSource();
        await Task.WhenAny(ended, Task.Delay(Patience, time, over.Token));
        await over.CancelAsync();
        Signal(leader, Signals.Kill);
    }

    private static void Signal(int session, int signal)
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || SessionOf(pid) != session)
            {
                continue;
            }

            try
            {
                using var process = ChildProcess.Open(pid);

                // Asked again: by the time it was opened the number could have been another's.
                if (SessionOf(pid) == session)
                {
                    process.Signal(signal);
                }
            }
            catch (LinuxException e) when (e.Errno == Errno.ESRCH)
            {
                continue;
            }
        }
    }

    /// <summary>Field 6 of <c>proc_pid_stat(5)</c>; -1 when the process is gone.</summary>
    private static int SessionOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return int.Parse(fields[3], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return -1;
        }
    }
}
