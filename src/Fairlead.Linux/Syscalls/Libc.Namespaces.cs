using System.Runtime.InteropServices;

namespace Fairlead.Linux.Syscalls;

internal static partial class Libc
{
    internal const int MS_RDONLY = 0x1;
    internal const int MS_NOSUID = 0x2;
    internal const int MS_NODEV = 0x4;
    internal const int MS_NOEXEC = 0x8;
    internal const int MS_REMOUNT = 0x20;
    internal const int MS_BIND = 0x1000;
    internal const int MS_MOVE = 0x2000;
    internal const int MS_REC = 0x4000;
    internal const int MS_PRIVATE = 0x40000;
    internal const int MS_SLAVE = 0x80000;
    internal const int MS_SHARED = 0x100000;
    internal const int MNT_DETACH = 0x2;
    internal const int UMOUNT_NOFOLLOW = 0x8;
    internal const nint SYS_open_tree = 428;
    internal const nint SYS_move_mount = 429;
    internal const nint SYS_mount_setattr = 442;
    internal const nint OPEN_TREE_CLONE = 1;
    internal const nint MOVE_MOUNT_F_EMPTY_PATH = 0x4;
    internal const nint MOVE_MOUNT_T_EMPTY_PATH = 0x40;
    internal const uint S_IFCHR = 0x2000;
    internal const uint S_IFIFO = 0x1000;

    /// <summary>unshare(2): gives the calling thread, alone, new namespaces.</summary>
    [LibraryImport(Library, EntryPoint = "unshare", SetLastError = true)]
    internal static partial int Unshare(int flags);

    /// <summary>setns(2): moves the calling thread into the namespaces of a descriptor.</summary>
    [LibraryImport(Library, EntryPoint = "setns", SetLastError = true)]
    internal static partial int SetNs(SafeFd descriptor, int type);

    /// <summary>mount(2).</summary>
    [LibraryImport(Library, EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Mount(string? source, string target, string? type, nuint flags, string? data);

    /// <summary>umount2(2).</summary>
    [LibraryImport(Library, EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Unmount(string target, int flags);

    /// <summary>pivot_root(2).</summary>
    [LibraryImport(Library, EntryPoint = "pivot_root", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int PivotRoot(string newRoot, string putOld);

    /// <summary>chdir(2): the thread's own when it has unshared CLONE_FS, else the process's.</summary>
    [LibraryImport(Library, EntryPoint = "chdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int ChangeDirectory(string path);

    /// <summary>sethostname(2), of the UTS namespace.</summary>
    [LibraryImport(Library, EntryPoint = "sethostname", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SetHostName(string name, nuint length);

    /// <summary>mknod(2).</summary>
    [LibraryImport(Library, EntryPoint = "mknod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MakeNode(string path, uint mode, ulong device);

    /// <summary>chmod(2).</summary>
    [LibraryImport(Library, EntryPoint = "chmod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int ChangeMode(string path, uint mode);

    /// <summary>umask(2): the thread's own when it has unshared CLONE_FS, else the process's. Never fails.</summary>
    [LibraryImport(Library, EntryPoint = "umask")]
    internal static partial uint SetUmask(uint mask);

    /// <summary>open_tree(2) (Linux 5.2).</summary>
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint OpenTree(nint number, SafeFd directory, string path, nint flags);

    /// <summary>move_mount(2) (Linux 5.2).</summary>
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint MoveMount(nint number, SafeFd from, string fromPath, SafeFd to, string toPath, nint flags);

    /// <summary>mount_setattr(2) (Linux 5.12).</summary>
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint MountSetAttributes(nint number, SafeFd directory, string path, nint flags, in MountAttributes attributes, nint size);
}

/// <summary>struct mount_attr (<c>linux/mount.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MountAttributes
{
    internal ulong Set;
    internal ulong Clear;
    internal ulong Propagation;
    internal ulong UserNamespace;
}
