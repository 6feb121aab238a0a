using Fairlead.Linux;
using Fairlead.Linux.Namespaces;

namespace Fairlead.Pods.Sandbox;

/// <summary>The namespaces the containers of a pod share, kept by bind mounts so that they outlive this process.</summary>
internal static class PodSandbox
{
    internal static bool Exists(PodPaths paths) => IsNamespace(paths.Net) && IsNamespace(paths.Uts) && IsNamespace(paths.Ipc);

    /// <summary>
    /// Makes the namespaces; with <paramref name="hostNetwork"/>, the network is that of the node. The kernel parameters, by their path below /proc/sys, have to
    /// be ones of these namespaces.
    /// </summary>
    /// <exception cref="IOException">The kernel refused a namespace or a parameter's value.</exception>
    internal static void Create(PodPaths paths, string hostname, string hostNetwork, IReadOnlyList<(string Name, string Value)>? sysctls = null)
    {
        Directory.CreateDirectory(paths.Run);
        foreach (var path in (string[])[paths.Net, paths.Uts, paths.Ipc])
        {
            NetNamespace.DeleteAt(path);
            File.WriteAllBytes(path, []);
        }

        OwnThread.Run(() =>
        {
            OwnThread.Unshare(NamespaceKinds.Uts | NamespaceKinds.Ipc | (hostNetwork.Length > 0 ? NamespaceKinds.None : NamespaceKinds.Net));
            Mounts.SetHostName(hostname);
            foreach (var (name, value) in sysctls ?? [])
            {
                Sysctl.Write(name, value);
            }

            Mounts.Bind(hostNetwork.Length > 0 ? hostNetwork : "/proc/thread-self/ns/net", paths.Net);
            Mounts.Bind("/proc/thread-self/ns/uts", paths.Uts);
            Mounts.Bind("/proc/thread-self/ns/ipc", paths.Ipc);
        });
    }

    /// <summary>Removes the namespaces and all files of the pod.</summary>
    internal static void Delete(string runDirectory, string stateDirectory)
    {
        foreach (var name in (string[])["net", "uts", "ipc"])
        {
            if (Directory.Exists(runDirectory))
            {
                NetNamespace.DeleteAt($"{runDirectory}/{name}");
            }
        }

        DeleteTree(runDirectory);
        DeleteTree(stateDirectory);
    }

    private static void DeleteTree(string path)
    {
        if (path.Length > 0 && Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    // A plain file, left by an interrupted start, is no mount point.
    private static bool IsNamespace(string path) =>
        File.Exists(path) && File.ReadAllText("/proc/self/mountinfo").Contains($" {path} ", StringComparison.Ordinal);
}
