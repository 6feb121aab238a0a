namespace Fairlead.Pods.Spec;

/// <summary>Says what of a container can be run on the host's file system.</summary>
internal static class CommandLine
{
    // Images whose entrypoint is empty: their arguments are a command, and their file system has what a host's has.
    private static readonly HashSet<string> Shells = new(StringComparer.Ordinal)
    {
        "busybox", "alpine", "debian", "ubuntu", "fedora", "centos", "rockylinux", "almalinux", "archlinux", "amazonlinux", "bash",
    };

    /// <summary>The argv of a container; empty when it has none that could be known without its image.</summary>
    internal static IReadOnlyList<string> Of(ContainerSpec container)
    {
        if (container.Command.Count > 0)
        {
            return [.. container.Command, .. container.Arguments];
        }

        if (!HasEmptyEntrypoint(container.Image))
        {
            return [];
        }

        // Such images start a shell by default; without input it would end at once, so only with input is it what was meant.
        return container.Arguments.Count > 0 ? container.Arguments : container.Stdin ? ["sh"] : [];
    }

    internal static bool IsBusybox(string image) => Repository(image) == "busybox";

    internal static bool HasEmptyEntrypoint(string image) => Shells.Contains(Repository(image));

    private static string Repository(string image)
    {
        var name = image[(image.LastIndexOf('/') + 1)..];
        var end = name.AsSpan().IndexOfAny(':', '@');
        return end < 0 ? name : name[..end];
    }
}
