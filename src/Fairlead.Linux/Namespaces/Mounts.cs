using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Namespaces;

/// <summary>How a mount takes part in mounts elsewhere (<c>Documentation/filesystems/sharedsubtree.rst</c>).</summary>
public enum MountPropagation
{
    /// <summary>Not at all.</summary>
    Private = Libc.MS_PRIVATE,

    /// <summary>Receives, does not send.</summary>
    Slave = Libc.MS_SLAVE,

    /// <summary>Receives and sends.</summary>
    Shared = Libc.MS_SHARED,
}

/// <summary>Restrictions of a mount (<c>MS_*</c>, <c>linux/mount.h</c>).</summary>
[Flags]
public enum MountFlags
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Nothing can be written.</summary>
    ReadOnly = Libc.MS_RDONLY,

    /// <summary>Set-user-id bits mean nothing.</summary>
    NoSuid = Libc.MS_NOSUID,

    /// <summary>Device nodes mean nothing.</summary>
    NoDev = Libc.MS_NODEV,

    /// <summary>Nothing can be executed.</summary>
    NoExec = Libc.MS_NOEXEC,
}

/// <summary>Mounts, in the mount namespace of the calling thread. Every method throws <see cref="LinuxException"/> naming the target.</summary>
public static class Mounts
{
    /// <summary>Sets the propagation of the mount at <paramref name="target"/> and of all below it.</summary>
    public static void SetPropagation(string target, MountPropagation propagation) =>
        Check(Libc.Mount(null, target, null, (nuint)((int)propagation | Libc.MS_REC), null), $"mount --make-r{propagation} {target}");

    /// <summary>Shows <paramref name="source"/>, a file or directory, at <paramref name="target"/>, which exists and is of the same sort.</summary>
    /// <param name="source">What to show.</param>
    /// <param name="target">Where.</param>
    /// <param name="flags">Restrictions, of this mount point only (not of mounts below it).</param>
    /// <param name="recursive">Whether mounts below the source are shown too.</param>
    public static void Bind(string source, string target, MountFlags flags = MountFlags.None, bool recursive = false)
    {
        var bind = Libc.MS_BIND | (recursive ? Libc.MS_REC : 0);
        Check(Libc.Mount(source, target, null, (nuint)bind, null), $"mount --bind {source} {target}");
        if (flags != MountFlags.None)
        {
            // The first call ignores them: restrictions of a bind mount need a second one.
            var remount = Libc.MS_REMOUNT | Libc.MS_BIND | (int)flags;
            Check(Libc.Mount(null, target, null, (nuint)remount, null), $"mount -o remount,bind {target}");
        }
    }

    /// <summary>
    /// Shows what one descriptor means, a file or directory of this mount namespace, on top of what another does. No path is followed, so that nobody
    /// can swap one for a link in between; restrictions hold from the first moment. Mounts below the source are not shown (open_tree(2), move_mount(2)).
    /// </summary>
    /// <param name="source">What to show.</param>
    /// <param name="target">Where; of the same sort.</param>
    /// <param name="flags">Restrictions.</param>
    public static void Bind(SafeFd source, SafeFd target, MountFlags flags)
    {
        var clone = Libc.OpenTree(Libc.SYS_open_tree, source, "", Libc.OPEN_TREE_CLONE | Libc.O_CLOEXEC | Libc.AT_EMPTY_PATH);
        using var mount = new SafeFd(LinuxException.Check((int)clone, "open_tree"));
        Restrict(mount, flags);
        Check(
            (int)Libc.MoveMount(Libc.SYS_move_mount, mount, "", target, "", Libc.MOVE_MOUNT_F_EMPTY_PATH | Libc.MOVE_MOUNT_T_EMPTY_PATH), "move_mount");
    }

    /// <summary>Adds restrictions to a mount (mount_setattr(2)).</summary>
    /// <param name="mount">A descriptor of its root.</param>
    /// <param name="flags">What to add.</param>
    public static void Restrict(SafeFd mount, MountFlags flags)
    {
        // MOUNT_ATTR_RDONLY, NOSUID, NODEV and NOEXEC have the values of the MS_ flags.
        var attributes = new MountAttributes { Set = (ulong)flags };
        Check((int)Libc.MountSetAttributes(Libc.SYS_mount_setattr, mount, "", Libc.AT_EMPTY_PATH, attributes, 32), "mount_setattr");
    }

    /// <summary>Mounts a file system of a type: <c>proc</c>, <c>sysfs</c>, <c>tmpfs</c>, <c>devpts</c>, <c>mqueue</c>.</summary>
    /// <param name="type">The type.</param>
    /// <param name="target">A directory that exists.</param>
    /// <param name="flags">Restrictions.</param>
    /// <param name="options">Options of the type, separated by commas, such as <c>mode=755,size=64m</c>.</param>
    public static void Mount(string type, string target, MountFlags flags = MountFlags.None, string options = "") =>
        Check(Libc.Mount(type, target, type, (nuint)flags, options), $"mount -t {type} {target}");

    /// <summary>Mounts an overlay: reads fall through the layers, writes go to <paramref name="upper"/>.</summary>
    /// <param name="lowers">Layers to read, uppermost first. No path may contain a colon, comma or backslash.</param>
    /// <param name="upper">Directory for what is written; empty for a read-only overlay of at least two layers.</param>
    /// <param name="work">Empty directory on the same file system as <paramref name="upper"/>; empty when that is.</param>
    /// <param name="target">A directory that exists.</param>
    public static void Overlay(IReadOnlyList<string> lowers, string upper, string work, string target)
    {
        if (lowers.Append(upper).Append(work).FirstOrDefault(path => path.AsSpan().ContainsAny(":,\\")) is { } bad)
        {
            throw new ArgumentException($"'{bad}' cannot be a layer of an overlay: it has a colon, comma or backslash", nameof(lowers));
        }

        var options = $"lowerdir={string.Join(':', lowers)}" + (upper.Length == 0 ? "" : $",upperdir={upper},workdir={work}");
        Check(Libc.Mount("overlay", target, "overlay", 0, options), $"mount -t overlay {target}");
    }

    /// <summary>
    /// Makes <paramref name="root"/>, a mount point, the root directory and working directory of the calling thread and detaches the old one.
    /// The thread must be in a mount namespace of its own.
    /// </summary>
    /// <param name="root">A mount point.</param>
    /// <param name="workingDirectory">The working directory below it, an absolute path.</param>
    public static void PivotRoot(string root, string workingDirectory = "/")
    {
        // With both arguments "." the old root ends on top of the new one and needs no directory there (pivot_root(2), notes).
        Check(Libc.ChangeDirectory(root), $"chdir {root}");
        Check(Libc.PivotRoot(".", "."), $"pivot_root {root}");
        Check(Libc.Unmount(".", Libc.MNT_DETACH), "umount of the old root");
        Check(Libc.ChangeDirectory(workingDirectory), $"chdir {workingDirectory}");
    }

    /// <summary>Unmounts what is mounted last at <paramref name="target"/>, at once for new users, in full when its last user is gone.</summary>
    /// <returns>False when nothing is mounted there.</returns>
    public static bool Detach(string target)
    {
        if (Libc.Unmount(target, Libc.MNT_DETACH | Libc.UMOUNT_NOFOLLOW) == 0)
        {
            return true;
        }

        var error = LinuxException.Last($"umount {target}");
        return error.Errno is Errno.EINVAL or Errno.ENOENT ? false : throw error;
    }

    /// <summary>Makes a character device.</summary>
    /// <param name="path">Where; must not exist.</param>
    /// <param name="mode">Permissions, for example 0x1B6 for rw-rw-rw-; not narrowed by the umask.</param>
    /// <param name="major">Major number.</param>
    /// <param name="minor">Minor number.</param>
    public static void MakeCharacterDevice(string path, uint mode, uint major, uint minor)
    {
        var device = ((ulong)(major & 0xFFFFF000) << 32) | ((major & 0xFFF) << 8) | ((ulong)(minor & 0xFFFFFF00) << 12) | (minor & 0xFF);
        Check(Libc.MakeNode(path, Libc.S_IFCHR | mode, device), $"mknod {path}");
        Check(Libc.ChangeMode(path, mode), $"chmod {path}");
    }

    /// <summary>Sets the host name of the calling thread's UTS namespace, at most 64 bytes.</summary>
    public static void SetHostName(string name) =>
        Check(Libc.SetHostName(name, (nuint)System.Text.Encoding.UTF8.GetByteCount(name)), $"sethostname {name}");

    private static void Check(int result, string operation) => LinuxException.Check(result, operation);
}
