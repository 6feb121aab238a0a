using System.Text;
using Fairlead.Linux;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Processes;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Pods.Containers;

/// <summary>
/// The first process of a container, <c>fairlead container-init</c>. A proc file system shows the PID namespace of the process that mounts it, so it is
/// mounted here, from within; then this process becomes the container's command, and that is process 1.
/// </summary>
public static class ContainerInit
{
    /// <summary>The verb; it takes no arguments and is of use to the pods role only.</summary>
    public const string Verb = "container-init";

    /// <summary>Descriptor the request is read from.</summary>
    internal const int RequestDescriptor = 3;

    /// <summary>Descriptor the outcome is written to: <see cref="Prepared"/>, then nothing more when the command runs, else why it does not.</summary>
    internal const int OutcomeDescriptor = 4;

    internal const byte Prepared = (byte)'R';

    // Of /proc, what containerd hides and what it lets be read only.
    private static readonly string[] Masked =
        ["acpi", "asound", "kcore", "keys", "latency_stats", "timer_list", "timer_stats", "sched_debug", "scsi", "interrupts"];

    private static readonly string[] ReadOnly = ["bus", "fs", "irq", "sys", "sysrq-trigger"];

    /// <summary>Reads the request, mounts /proc and becomes the command.</summary>
    /// <returns>An exit code; only when the command could not be executed.</returns>
    public static int Run()
    {
        using var stream = new FileStream(new SafeFileHandle(OutcomeDescriptor, ownsHandle: true), FileAccess.Write, 0);
        try
        {
            Tell(stream, Become(stream).Message);
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            Tell(stream, e.Message);
        }

        return 128;
    }

    private static LinuxException Become(FileStream outcome)
    {
        var request = Request();
        using var program = new PreparedProgram(request.File, request.Arguments, request.Environment);
        MountProc(request);

        // Opened while it can be seen, joined last: what this program itself uses is none of the container's.
        using var group = request.Cgroup.Length > 0 ? new FileStream($"{request.Cgroup}/cgroup.procs", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0) : null;
        Mounts.PivotRoot(request.Root, request.WorkingDirectory);
        request.Identity.Assume();
        group?.Write("0"u8);
        outcome.WriteByte(Prepared);
        return program.Execute();
    }

    private static InitRequest Request()
    {
        using var stream = new FileStream(new SafeFileHandle(RequestDescriptor, ownsHandle: true), FileAccess.Read, 0);
        return InitRequest.Read(stream);
    }

    private static void MountProc(InitRequest request)
    {
        const MountFlags Inert = MountFlags.NoSuid | MountFlags.NoDev | MountFlags.NoExec;
        var proc = $"{request.Root}/proc";
        Mounts.Mount("proc", proc, Inert);
        if (request.Privileged)
        {
            return;
        }

        foreach (var path in Masked.Select(name => $"{proc}/{name}"))
        {
            if (Directory.Exists(path))
            {
                Mounts.Mount("tmpfs", path, Inert | MountFlags.ReadOnly, "size=4k");
            }
            else if (File.Exists(path))
            {
                Mounts.Bind($"{request.Root}/dev/null", path);
            }
        }

        foreach (var path in ReadOnly.Select(name => $"{proc}/{name}").Where(Path.Exists))
        {
            Mounts.Bind(path, path, Inert | MountFlags.ReadOnly);
        }
    }

    private static void Tell(FileStream stream, string message) => stream.Write(Encoding.UTF8.GetBytes(message));
}
