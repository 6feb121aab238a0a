using System.Globalization;

namespace Fairlead.Pods.Containers;

/// <summary>
/// Memory limits: for every container that has one a control group of its own, <c>fairlead-CLUSTER/UID_CONTAINER</c>, in the unified hierarchy where
/// that has the memory controller, else in version 1's (Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst).
/// </summary>
internal sealed class MemoryCgroups
{
    private const string Mount = "/sys/fs/cgroup";
    private readonly string _base;
    private readonly bool _unified;

    private MemoryCgroups(string directory, bool unified) => (_base, _unified) = (directory, unified);

    /// <summary>What this machine has; null without a memory controller.</summary>
    internal static MemoryCgroups? Find(string cluster)
    {
        const string Controllers = $"{Mount}/cgroup.controllers";
        return File.Exists(Controllers) && File.ReadAllText(Controllers).Split(' ', '\n').Contains("memory") ? new($"{Mount}/fairlead-{cluster}", unified: true)
            : File.Exists($"{Mount}/memory/memory.limit_in_bytes") ? new($"{Mount}/memory/fairlead-{cluster}", unified: false)
            : null;
    }

    /// <summary>Makes the group of a container's next run, empty; returns its directory.</summary>
    /// <param name="pod">UID of the pod.</param>
    /// <param name="container">Name of the container.</param>
    /// <param name="limit">Bytes.</param>
    /// <exception cref="IOException">The kernel refused; also an <see cref="UnauthorizedAccessException"/>.</exception>
    internal string Create(string pod, string container, long limit)
    {
        Remove(pod, container);
        if (_unified)
        {
            File.WriteAllText($"{Mount}/cgroup.subtree_control", "+memory");
            Directory.CreateDirectory(_base);
            File.WriteAllText($"{_base}/cgroup.subtree_control", "+memory");
        }

        var group = Group(pod, container);
        Directory.CreateDirectory(group);
        var bytes = limit.ToString(CultureInfo.InvariantCulture);
        File.WriteAllText($"{group}/{(_unified ? "memory.max" : "memory.limit_in_bytes")}", bytes);

        // What is over the limit is not to go to swap instead; a kernel without swap has no such file.
        var (swap, most) = _unified ? ("memory.swap.max", "0") : ("memory.memsw.limit_in_bytes", bytes);
        if (File.Exists($"{group}/{swap}"))
        {
            File.WriteAllText($"{group}/{swap}", most);
        }

        if (_unified)
        {
            // All of the container ends at once, as with kubelet.
            File.WriteAllText($"{group}/memory.oom.group", "1");
        }

        return group;
    }

    /// <summary>Whether the kernel has killed a process of the container's run for its memory.</summary>
    internal bool HasKilled(string pod, string container)
    {
        var file = $"{Group(pod, container)}/{(_unified ? "memory.events" : "memory.oom_control")}";
        return File.Exists(file) && File.ReadLines(file).Any(line => line.StartsWith("oom_kill ", StringComparison.Ordinal) && line != "oom_kill 0");
    }

    /// <summary>Removes the group of a container that has ended; nothing happens without one.</summary>
    internal void Remove(string pod, string container) => Delete(Group(pod, container));

    /// <summary>Removes all groups of the cluster. Its containers have ended.</summary>
    internal void RemoveAll()
    {
        foreach (var group in Directory.Exists(_base) ? Directory.GetDirectories(_base) : [])
        {
            Delete(group);
        }

        Delete(_base);
    }

    private static void Delete(string group)
    {
        if (Directory.Exists(group))
        {
            Directory.Delete(group);
        }
    }

    private string Group(string pod, string container) => $"{_base}/{pod}_{container}";
}
