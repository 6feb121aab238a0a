using System.Globalization;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Namespaces;

/// <summary>
/// An open network namespace. Named ones are bind mounts under <c>/run/netns</c>, as <c>ip netns</c> makes and finds them. Closing the object
/// removes nothing that is named or in use.
/// </summary>
public sealed class NetNamespace : IDisposable
{
    /// <summary>Where named namespaces are.</summary>
    public const string Directory = "/run/netns";

    private const string OwnNet = "/proc/thread-self/ns/net";
    private const int MaxName = 255;

    private NetNamespace(SafeFd handle, string path)
    {
        Handle = handle;
        Path = path;
    }

    /// <summary>The namespace's descriptor.</summary>
    public SafeFd Handle { get; }

    /// <summary>The path it was opened by; of an unnamed one the path of the descriptor within this process.</summary>
    public string Path { get; }

    /// <summary>Makes a namespace without a name: it lives as long as a descriptor, a socket or a process in it does.</summary>
    /// <exception cref="LinuxException">Not permitted, or too many namespaces.</exception>
    public static NetNamespace Create()
    {
        var handle = OwnThread.Run(() =>
        {
            OwnThread.Unshare(NamespaceKinds.Net);
            return OpenHandle(OwnNet);
        });
        return new NetNamespace(handle, string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{handle.Number}"));
    }

    /// <summary>Makes the namespace <c>/run/netns/NAME</c>.</summary>
    /// <exception cref="LinuxException">EEXIST: the name is taken.</exception>
    public static NetNamespace CreateNamed(string name)
    {
        PrepareDirectory();
        return CreateAt(NamedPath(name));
    }

    /// <summary>Makes a namespace that stays as a bind mount at <paramref name="path"/>, a file that is created.</summary>
    /// <exception cref="LinuxException">EEXIST: there is a file; ENOENT: the directory is missing.</exception>
    public static NetNamespace CreateAt(string path)
    {
        var flags = Libc.O_RDONLY | Libc.O_CREAT | Libc.O_EXCL | Libc.O_CLOEXEC;
        new SafeFd(LinuxException.Check(Libc.Open(path, flags, 0), $"create {path}")).Dispose();
        try
        {
            OwnThread.Run(() =>
            {
                OwnThread.Unshare(NamespaceKinds.Net);
                Mounts.Bind(OwnNet, path);
            });
            return Open(path);
        }
        catch (LinuxException)
        {
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Opens the namespace that <paramref name="path"/> names.</summary>
    /// <exception cref="LinuxException">No such file.</exception>
    public static NetNamespace Open(string path) => new(OpenHandle(path), path);

    /// <summary>Opens <c>/run/netns/NAME</c>.</summary>
    /// <exception cref="LinuxException">No such name.</exception>
    public static NetNamespace OpenNamed(string name) => Open(NamedPath(name));

    /// <summary>Opens the namespace of a process.</summary>
    /// <exception cref="LinuxException">No such process.</exception>
    public static NetNamespace OpenProcess(int pid) => Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/net"));

    /// <summary>Opens the namespace of the calling thread.</summary>
    public static NetNamespace Current() => Open(OwnNet);

    /// <summary>Whether <c>/run/netns/NAME</c> exists.</summary>
    public static bool ExistsNamed(string name) => File.Exists(NamedPath(name));

    /// <summary>The path of a named namespace.</summary>
    /// <exception cref="ArgumentException">Not usable as a file name.</exception>
    public static string NamedPath(string name) =>
        name.Length is > 0 and <= MaxName && !name.Contains('/', StringComparison.Ordinal) && name is not ("." or "..")
            ? $"{Directory}/{name}"
            : throw new ArgumentException($"'{name}' is no name for a network namespace", nameof(name));

    /// <summary>Removes <c>/run/netns/NAME</c>; nothing happens if there is none. What runs in the namespace goes on.</summary>
    public static void DeleteNamed(string name) => DeleteAt(NamedPath(name));

    /// <summary>Removes the bind mount and the file at <paramref name="path"/>; nothing happens if there is none.</summary>
    /// <exception cref="LinuxException">Not permitted, or busy.</exception>
    public static void DeleteAt(string path)
    {
        // EINVAL: a file that is no mount point, left by somebody who died between the two steps of making it.
        if (Libc.Unmount(path, Libc.MNT_DETACH) < 0 && LinuxException.Last($"umount {path}") is { Errno: not (Errno.ENOENT or Errno.EINVAL) } error)
        {
            throw error;
        }

        File.Delete(path);
    }

    /// <summary>Runs <paramref name="body"/> on a thread of its own within the namespace. What it opens stays in the namespace.</summary>
    /// <exception cref="LinuxException">The path is not a network namespace, or not permitted.</exception>
    public T Run<T>(Func<T> body) => OwnThread.Run(() =>
    {
        OwnThread.Enter(Handle, NamespaceKinds.Net, Path);
        return body();
    });

    /// <summary>As <see cref="Run{T}"/>, without a result.</summary>
    public void Run(Action body) => Run(() =>
    {
        body();
        return true;
    });

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    private static SafeFd OpenHandle(string path) =>
        new(LinuxException.Check(Libc.Open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0), $"open {path}"));

    // As `ip netns` does: the directory is a shared mount, so that a name made or deleted here is so in every mount namespace that follows.
    private static void PrepareDirectory()
    {
        System.IO.Directory.CreateDirectory(Directory);
        if (Libc.Mount("", Directory, "none", Libc.MS_SHARED | Libc.MS_REC, null) == 0)
        {
            return;
        }

        Mounts.Bind(Directory, Directory, recursive: true);
        LinuxException.Check(Libc.Mount("", Directory, "none", Libc.MS_SHARED | Libc.MS_REC, null), $"mount --make-rshared {Directory}");
    }
}
