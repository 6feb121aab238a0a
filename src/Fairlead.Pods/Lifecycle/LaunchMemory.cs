using Fairlead.Pods.Containers;
using Fairlead.Pods.Sandbox;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Lifecycle;

/// <summary>What a container was started with, kept for whoever adopts it: commands are executed in it with the same environment and rights.</summary>
internal static class LaunchMemory
{
    internal static void Save(PodPaths paths, ContainerSpec container, ContainerLaunch launch)
    {
        Directory.CreateDirectory(paths.Container(container.Name));
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            // The environment may hold Secrets.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(Path(paths, container), options);
        new InitRequest
        {
            Root = launch.MountPoint,
            File = launch.Command[0],
            Arguments = launch.Command,
            Environment = launch.Environment,
            WorkingDirectory = launch.WorkingDirectory,
            Identity = launch.Identity,
            Privileged = launch.Privileged,
            Cgroup = launch.Cgroup,
        }.Write(file);
    }

    /// <summary>Null when nothing usable is remembered.</summary>
    internal static ContainerLaunch? Load(PodPaths paths, ContainerSpec container)
    {
        try
        {
            using var file = File.OpenRead(Path(paths, container));
            var request = InitRequest.Read(file);
            return new ContainerLaunch
            {
                NetNamespace = paths.Net,
                UtsNamespace = paths.Uts,
                IpcNamespace = paths.Ipc,
                MountPoint = request.Root,
                Command = request.Arguments,
                Environment = request.Environment,
                WorkingDirectory = request.WorkingDirectory,
                Identity = request.Identity,
                Privileged = request.Privileged,
                Cgroup = request.Cgroup,
            };
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string Path(PodPaths paths, ContainerSpec container) => $"{paths.Container(container.Name)}/launch";
}
