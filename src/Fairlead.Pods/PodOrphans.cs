using System.Globalization;
using Fairlead.Kube.Documents;
using Fairlead.Linux;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Processes;
using Fairlead.Pods.Lifecycle;
using Microsoft.Extensions.Logging;

namespace Fairlead.Pods;

/// <summary>
/// The processes of containers whose pods role was killed. Only a parent learns an exit code: the role's parent becomes theirs, takes the status of those
/// that end, and writes it down for the role that adopts the pod.
/// </summary>
/// <param name="runDirectory">The cluster's <see cref="PodsOptions.RunDirectory"/>.</param>
/// <param name="reactor">Who waits.</param>
/// <param name="log">Where failures go.</param>
public sealed class PodOrphans(string runDirectory, Reactor reactor, ILogger log)
{
    private readonly Dictionary<int, Task> _followed = [];

    /// <summary>Makes this process the parent of what its children leave behind (PR_SET_CHILD_SUBREAPER).</summary>
    /// <exception cref="LinuxException">The kernel does not know it.</exception>
    public static void Expect() => Credentials.AdoptOrphans();

    /// <summary>
    /// Takes what a role that has just ended left. The codes of processes that have ended by now are written down when it returns; the others are
    /// followed until they end. One call at a time.
    /// </summary>
    public void Take()
    {
        var remembered = Remembered();
        foreach (var pid in _followed.Where(pair => pair.Value.IsCompleted).Select(pair => pair.Key).ToList())
        {
            _followed.Remove(pid);
        }

        foreach (var pid in Children().Where(pid => !_followed.ContainsKey(pid)))
        {
            if (!remembered.TryGetValue(pid, out var place) && !IsInNamespaceOfItsOwn(pid))
            {
                // Another role, which somebody else waits for.
                continue;
            }

            try
            {
                _followed[pid] = FollowAsync(ChildProcess.Open(pid), place.Container ?? "", place.Start ?? "");
            }
            catch (LinuxException e) when (e.Errno == Errno.ESRCH)
            {
                continue;
            }
        }
    }

    private static IEnumerable<int> Children()
    {
        var self = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && PodMemory.StatOf(pid) is { Length: > 1 } stat && stat[1] == self)
            {
                yield return pid;
            }
        }
    }

    private static bool IsInNamespaceOfItsOwn(int pid)
    {
        var kind = new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/pid")).LinkTarget;
        return kind is not null && kind != new FileInfo("/proc/self/ns/pid").LinkTarget;
    }

    private Dictionary<int, (string Container, string Start)> Remembered()
    {
        var all = new Dictionary<int, (string, string)>();
        var pods = $"{runDirectory}/pods";
        foreach (var directory in Directory.Exists(pods) ? Directory.GetDirectories(pods) : [])
        {
            foreach (var (name, node) in PodMemory.Load($"{directory}/state.json").Object("processes") ?? [])
            {
                if (node.Number(0, "pid") is > 0 and var pid && PodMemory.StartOf(pid) == node.Text("start"))
                {
                    all[pid] = ($"{directory}/containers/{name}", node.Text("start"));
                }
            }
        }

        return all;
    }

    private async Task FollowAsync(ChildProcess process, string container, string start)
    {
        using (process)
        {
            try
            {
                var status = await process.WaitAsync(reactor, CancellationToken.None);
                if (container.Length > 0 && Directory.Exists(container))
                {
                    ExitMemory.Save(container, process.Id, start, status);
                }
            }
            catch (Exception e) when (e is LinuxException or IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                log.OrphanFailed(process.Id, e.Message);
            }
        }
    }
}
