using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Namespaces;

/// <summary>
/// What the calling thread may do. The C library would change every thread of the process; these change one, so they belong inside
/// <see cref="OwnThread.Run{T}"/>, just before the child that is to have them is started.
/// </summary>
public static class Credentials
{
    private const int LastCapability = 63;

    /// <summary>
    /// Sets ids and capabilities of the calling thread and of children started from it, as container engines do: real, effective and saved ids;
    /// bounding, permitted and effective set; nothing inheritable or ambient.
    /// </summary>
    /// <param name="user">User id. One other than 0 has no capabilities, but the bounding set still limits what set-user-id files give.</param>
    /// <param name="group">Group id.</param>
    /// <param name="groups">Supplementary groups.</param>
    /// <param name="capabilities">Bit n is capability n (<c>linux/capability.h</c>).</param>
    /// <exception cref="LinuxException">Not permitted, or a capability the thread does not have.</exception>
    public static void Set(uint user, uint group, ReadOnlySpan<uint> groups, ulong capabilities)
    {
        // In this order: each step needs a capability that a later one takes away.
        LimitBoundingSet(capabilities);
        LinuxException.Check(Libc.ProcessControl(Libc.PR_CAP_AMBIENT, Libc.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "prctl PR_CAP_AMBIENT");
        LinuxException.Check((int)Libc.SystemCall(Libc.SYS_setgroups, groups.Length, groups), "setgroups");
        LinuxException.Check((int)Libc.SystemCall(Libc.SYS_setresgid, (nint)group, (nint)group, (nint)group, 0), $"setresgid {group}");
        LinuxException.Check((int)Libc.SystemCall(Libc.SYS_setresuid, (nint)user, (nint)user, (nint)user, 0), $"setresuid {user}");
        var kept = user == 0 ? capabilities : 0;
        var header = new CapHeader { Version = Libc.CapabilityVersion3 };
        Span<CapData> data =
        [
            new() { Effective = (uint)kept, Permitted = (uint)kept },
            new() { Effective = (uint)(kept >> 32), Permitted = (uint)(kept >> 32) },
        ];
        LinuxException.Check(Libc.CapSet(in header, data), "capset");
    }

    /// <summary>The calling thread and its children can gain nothing by executing a file (PR_SET_NO_NEW_PRIVS).</summary>
    /// <exception cref="LinuxException">The kernel does not know it.</exception>
    public static void ForbidNewPrivileges() =>
        LinuxException.Check(Libc.ProcessControl(Libc.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl PR_SET_NO_NEW_PRIVS");

    /// <summary>Sets the umask of the calling thread, which must have a file system view of its own.</summary>
    /// <returns>The one before.</returns>
    public static uint SetUmask(uint mask) => Libc.SetUmask(mask);

    /// <summary>Descendants of this process whose parent dies become its children (PR_SET_CHILD_SUBREAPER). For the whole process.</summary>
    /// <exception cref="LinuxException">The kernel does not know it.</exception>
    public static void AdoptOrphans() =>
        LinuxException.Check(Libc.ProcessControl(Libc.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl PR_SET_CHILD_SUBREAPER");

    private static void LimitBoundingSet(ulong mask)
    {
        // Reading a capability the kernel does not know fails with EINVAL: there is none to drop from there on.
        for (var i = 0; i <= LastCapability && Libc.ProcessControl(Libc.PR_CAPBSET_READ, (nuint)i, 0, 0, 0) >= 0; i++)
        {
            if ((mask >> i & 1) == 0)
            {
                LinuxException.Check(Libc.ProcessControl(Libc.PR_CAPBSET_DROP, (nuint)i, 0, 0, 0), $"prctl PR_CAPBSET_DROP {i}");
            }
        }
    }
}
