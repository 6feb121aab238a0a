namespace Fairlead.Pods.Containers;

/// <summary>Linux capabilities by name (<c>linux/capability.h</c>).</summary>
internal static class Capabilities
{
    private static readonly string[] Names =
    [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE",
        "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT",
        "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL",
        "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    ];

    /// <summary>What containerd gives by default.</summary>
    internal static ulong Default { get; } = Mask(
    [
        "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT",
        "KILL", "AUDIT_WRITE",
    ]);

    internal static ulong All { get; } = (1UL << Names.Length) - 1;

    /// <summary>The default set with what a securityContext drops and adds; all of them when privileged.</summary>
    internal static ulong For(IReadOnlyList<string> add, IReadOnlyList<string> drop, bool privileged)
    {
        if (privileged)
        {
            return All;
        }

        var kept = drop.Contains("ALL") ? 0 : Default & ~Mask(drop);
        return add.Contains("ALL") ? All & ~Mask(drop.Where(name => name != "ALL")) : kept | Mask(add);
    }

    private static ulong Mask(IEnumerable<string> names)
    {
        var mask = 0UL;
        foreach (var name in names)
        {
            var number = Array.IndexOf(Names, name.StartsWith("CAP_", StringComparison.Ordinal) ? name[4..] : name);
            mask |= number < 0 ? 0 : 1UL << number;
        }

        return mask;
    }
}
