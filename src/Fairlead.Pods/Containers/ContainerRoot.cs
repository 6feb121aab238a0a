using Fairlead.Linux.Namespaces;

namespace Fairlead.Pods.Containers;

/// <summary>
/// Builds a container's root in the mount namespace of the calling thread: an overlay of the host's, writes to a tmpfs that goes with the container,
/// fresh minimal /dev and /sys (/proc comes from within, <see cref="ContainerInit"/>), and nothing of homes, of our own state and of the sockets under /run.
/// </summary>
internal static class ContainerRoot
{
    private const MountFlags Harmless = MountFlags.NoSuid | MountFlags.NoDev;
    private const MountFlags Inert = Harmless | MountFlags.NoExec;
    private const uint ReadWriteForAll = 0x1B6;

    private static readonly (string Name, uint Major, uint Minor)[] Devices =
        [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

    private static readonly string[] Masked = ["/root", "/home", "/tmp", "/run", "/var/lib/fairlead", "/var/tmp", "/boot", "/media"];

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
        Mask(root, launch);
        Dev(root);
        Mounts.Mount("sysfs", $"{root}/sys", Inert | (launch.Privileged ? MountFlags.None : MountFlags.ReadOnly));
        foreach (var path in HiddenOfSys.Select(name => $"{root}/sys/{name}").Where(path => !launch.Privileged && Directory.Exists(path)))
        {
            Mounts.Mount("tmpfs", path, Inert | MountFlags.ReadOnly, "size=4k");
        }

        if (launch.Applets.Length > 0)
        {
            Bind(root, new ContainerMount(launch.Applets, Executables.AppletDirectory, true));
        }

        foreach (var mount in launch.Mounts)
        {
            Bind(root, mount);
        }

        // No device of the host can be reached by a node made here: there is no device cgroup to forbid it.
        Mounts.Bind(root, root, MountFlags.NoDev | (launch.ReadOnlyRoot ? MountFlags.ReadOnly : MountFlags.None), recursive: true);
        return root;
    }

    /// <summary>A path below <paramref name="root"/> with every link on the way followed within it, so that no link leads out.</summary>
    internal static string Resolve(string root, string path)
    {
        var pending = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        var done = new List<string>();
        for (var links = 0; pending.TryPop(out var part);)
        {
            if (part == "." || (part == ".." && done.Count == 0))
            {
                continue;
            }

            if (part == "..")
            {
                done.RemoveAt(done.Count - 1);
                continue;
            }

            var target = new FileInfo($"{root}/{string.Join('/', done.Append(part))}").LinkTarget;
            if (target is null || ++links > 40)
            {
                done.Add(part);
                continue;
            }

            if (target.StartsWith('/'))
            {
                done.Clear();
            }

            foreach (var step in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                pending.Push(step);
            }
        }

        return $"{root}/{string.Join('/', done)}";
    }

    private static void Mask(string root, ContainerLaunch launch)
    {
        foreach (var path in Masked.Concat(launch.Masked))
        {
            var target = Resolve(root, path);
            if (Directory.Exists(target))
            {
                Mounts.Mount("tmpfs", target, Harmless, path is "/tmp" or "/var/tmp" ? "mode=1777" : path == "/root" ? "mode=700" : "mode=755");
            }
            else if (File.Exists(target))
            {
                Mounts.Bind("/dev/null", target);
            }
        }

        foreach (var directory in (string[])["lock", "shm"])
        {
            Directory.CreateDirectory($"{root}/run/{directory}");
        }
    }

    private static void Dev(string root)
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

        // Read-only from here on: no further node can be made where nodes mean something.
        Mounts.Bind(dev, dev, MountFlags.NoSuid | MountFlags.NoExec | MountFlags.ReadOnly);
        Mounts.Mount("devpts", $"{dev}/pts", MountFlags.NoSuid | MountFlags.NoExec, "newinstance,ptmxmode=0666,mode=0620,gid=5");
        Mounts.Mount("tmpfs", $"{dev}/shm", Inert, "mode=1777,size=64m");
        Mounts.Mount("mqueue", $"{dev}/mqueue", Inert);
    }

    private static void Bind(string root, ContainerMount mount)
    {
        var target = Resolve(root, mount.Target);
        if (Directory.Exists(mount.Source))
        {
            Directory.CreateDirectory(target);
        }
        else if (!File.Exists(target))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, []);
        }

        Mounts.Bind(mount.Source, target, MountFlags.NoDev | (mount.ReadOnly ? MountFlags.ReadOnly : MountFlags.None));
    }
}
