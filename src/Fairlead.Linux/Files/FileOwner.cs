using System.Runtime.InteropServices;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Files;

/// <summary>User and group that a file belongs to.</summary>
/// <param name="User">User id.</param>
/// <param name="Group">Group id.</param>
public readonly record struct FileOwner(uint User, uint Group)
{
    /// <summary>The owner of <paramref name="path"/>.</summary>
    /// <exception cref="LinuxException">No such file.</exception>
    public static FileOwner Of(string path)
    {
        // struct statx (linux/stat.h) is the same on every architecture: 256 bytes, stx_uid at 20, stx_gid at 24.
        var buffer = new byte[256];
        LinuxException.Check(Libc.Statx(Libc.AT_FDCWD, path, 0, Libc.STATX_UID | Libc.STATX_GID, buffer), $"statx {path}");
        var ids = MemoryMarshal.Cast<byte, uint>(buffer.AsSpan(20, 8));
        return new FileOwner(ids[0], ids[1]);
    }

    /// <summary>Makes it the owner of <paramref name="path"/>.</summary>
    /// <exception cref="LinuxException">No such file, or not permitted.</exception>
    public void Give(string path) => LinuxException.Check(Libc.Chown(path, User, Group), $"chown {path}");
}
