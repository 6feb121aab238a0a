using System.Globalization;
using Fairlead.Linux;
using Fairlead.Linux.Files;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Pods.Containers;

/// <summary>
/// Builds a container's root in the mount namespace of the calling thread: an overlay of the host's, writes to a tmpfs that goes with the container,
/// fresh minimal /dev and /sys (/proc comes from within, <see cref="ContainerInit"/>), and nothing of homes, of our own state and of the sockets under /run.
/// </summary>
internal static class ContainerRoot
{
    private const MountFlags Harmless = MountFlags.NoSuid | MountFlags.NoDev;
    private const MountFlags Inert = Harmless | MountFlags.NoExec;
    private const string SshDirectory = "/etc/ssh";
    private const uint ReadWriteForAll = 0x1B6;

    private static readonly (string Name, uint Major, uint Minor)[] Devices =
        [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

    private static readonly string[] Masked =
    [
        "/root", "/home", "/tmp", "/run", "/var/lib/fairlead", "/var/tmp", "/boot", "/media",
        "/etc/kubernetes", "/etc/rancher", "/var/lib/kubelet", "/var/lib/rancher", "/var/lib/etcd",
        "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-",
    ];

    private static readonly string[] HiddenOfSys = ["firmware", "devices/virtual/powercap"];

    /// <summary>Builds the root; returns its path, to be pivoted to.</summary>
    internal static string Build(ContainerLaunch launch)
    {
        Mounts.SetPropagation("/", MountPropagation.Private);
        var place = launch.MountPoint;
        Mounts.Mount("tmpfs", place, MountFlags.None, "mode=755,size=50%");
        var root = $"{place}/root";
        foreach (var directory in (string[])["upper", "work", "root"])
        {
            Directory.CreateDirectory($"{place}/{directory}");
        }

        Mounts.Overlay(["/"], $"{place}/upper", $"{place}/work", root);
        using var tree = ConfinedTree.Open(root);
        Mask(tree, launch);
        using var dev = Dev(tree, root);
        Mounts.Mount("sysfs", $"{root}/sys", Inert | (launch.Privileged ? MountFlags.None : MountFlags.ReadOnly));
        foreach (var path in HiddenOfSys.Select(name => $"{root}/sys/{name}").Where(path => !launch.Privileged && Directory.Exists(path)))
        {
            Mounts.Mount("tmpfs", path, Inert | MountFlags.ReadOnly, "size=4k");
        }

        if (launch.Applets.Length > 0)
        {
            Bind(tree, new ContainerMount(launch.Applets, Executables.AppletDirectory, true));
        }

        // What is mounted below another mount has to come after it.
        foreach (var mount in launch.Mounts.OrderBy(mount => mount.Target.Split('/', StringSplitOptions.RemoveEmptyEntries).Length))
        {
            Bind(tree, mount);
        }

        // Read-only from here on: no further node can be made where nodes mean something.
        Mounts.Restrict(dev, MountFlags.ReadOnly);

        // No device of the host can be reached by a node made here: there is no device cgroup to forbid it.
        Mounts.Bind(root, root, MountFlags.NoDev | (launch.ReadOnlyRoot ? MountFlags.ReadOnly : MountFlags.None), recursive: true);
        return root;
    }

    private static void Mask(ConfinedTree tree, ContainerLaunch launch)
    {
        using var host = ConfinedTree.Open("/dev/null");
        using var nothing = host.Find("");
        foreach (var path in Masked.Concat(HostKeys()).Concat(launch.Masked))
        {
            try
            {
                using var target = tree.Find(path);
                var name = Name(target);
                if (Directory.Exists(name))
                {
                    Mounts.Mount("tmpfs", name, Harmless, path is "/tmp" or "/var/tmp" ? "mode=1777" : path == "/root" ? "mode=700" : "mode=755");
                }
                else
                {
                    Mounts.Bind(nothing, target, MountFlags.None);
                }
            }
            catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR)
            {
                // What the host does not have need not be hidden.
            }
        }

        tree.MakeDirectory("/run/lock").Dispose();
        tree.MakeDirectory("/run/shm").Dispose();
    }

    private static string[] HostKeys() => Directory.Exists(SshDirectory) ? Directory.GetFiles(SshDirectory, "ssh_host_*_key") : [];

    // The descriptor's own name in /proc: the kernel goes from there to what is open, whatever has been renamed since.
    private static string Name(SafeFd file) => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.Number}");

    /// <returns>The mount of /dev, still writable, for others to be mounted in it.</returns>
    private static SafeFd Dev(ConfinedTree tree, string root)
    {
        var dev = $"{root}/dev";
        Mounts.Mount("tmpfs", dev, MountFlags.NoSuid | MountFlags.NoExec, "mode=755,size=64k");
        foreach (var (name, major, minor) in Devices)
        {
            Mounts.MakeCharacterDevice($"{dev}/{name}", ReadWriteForAll, major, minor);
        }

        Directory.CreateDirectory($"{dev}/pts");
        Directory.CreateDirectory($"{dev}/shm");
        Directory.CreateDirectory($"{dev}/mqueue");
        File.CreateSymbolicLink($"{dev}/ptmx", "pts/ptmx");
        File.CreateSymbolicLink($"{dev}/fd", "/proc/self/fd");
        File.CreateSymbolicLink($"{dev}/stdin", "/proc/self/fd/0");
        File.CreateSymbolicLink($"{dev}/stdout", "/proc/self/fd/1");
        File.CreateSymbolicLink($"{dev}/stderr", "/proc/self/fd/2");

        Mounts.Mount("devpts", $"{dev}/pts", MountFlags.NoSuid | MountFlags.NoExec, "newinstance,ptmxmode=0666,mode=0620,gid=5");
        Mounts.Mount("tmpfs", $"{dev}/shm", Inert, "mode=1777,size=64m");
        Mounts.Mount("mqueue", $"{dev}/mqueue", Inert);
        return tree.Find("/dev");
    }

    private static void Bind(ConfinedTree tree, ContainerMount mount)
    {
        try
        {
            using var volume = ConfinedTree.Open(mount.Source);
            using var source = Part(volume, mount.SubPath);
            using var target = Directory.Exists(Name(source)) ? tree.MakeDirectory(mount.Target) : tree.MakeFile(mount.Target);
            Mounts.Bind(source, target, MountFlags.NoDev | (mount.ReadOnly ? MountFlags.ReadOnly : MountFlags.None));
        }
        catch (LinuxException e)
        {
            // Not its whole message: where volumes are on the host is no business of whoever reads Events.
            throw new ContainerFailure($"cannot mount at \"{mount.Target}\"{(mount.SubPath.Length > 0 ? $" subPath \"{mount.SubPath}\"" : "")}: {e.Errno}");
        }
    }

    private static SafeFd Part(ConfinedTree volume, string subPath)
    {
        try
        {
            return volume.Find(subPath);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            // As open as the volume is, or the container's user could not write in it.
            using var whole = volume.Find("");
            var made = volume.MakeDirectory(subPath);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(Name(made), File.GetUnixFileMode(Name(whole)));
            }

            return made;
        }
    }
}
