namespace Fairlead.Linux.Namespaces;

/// <summary>Kinds of namespaces (<c>CLONE_NEW*</c>, <c>linux/sched.h</c>).</summary>
[Flags]
public enum NamespaceKinds
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>CLONE_FS: not a namespace; root, working directory and umask of the thread's own. Needed before entering a mount namespace.</summary>
    FileSystemView = 0x200,

    /// <summary>CLONE_NEWNS: mounts.</summary>
    Mount = 0x20000,

    /// <summary>CLONE_NEWCGROUP: the view of the cgroup tree.</summary>
    Cgroup = 0x2000000,

    /// <summary>CLONE_NEWUTS: host name.</summary>
    Uts = 0x4000000,

    /// <summary>CLONE_NEWIPC: System V and POSIX message queues, shared memory.</summary>
    Ipc = 0x8000000,

    /// <summary>CLONE_NEWPID: process ids, of the thread's children; the first is PID 1.</summary>
    Pid = 0x20000000,

    /// <summary>CLONE_NEWNET: network.</summary>
    Net = 0x40000000,
}
