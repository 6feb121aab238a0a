using System.Globalization;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Processes;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Linux;

/// <summary>The primitives together: what a container needs.</summary>
public sealed class ContainerTests : IDisposable
{
    private const ulong NetBindService = 1UL << 10;
    private readonly Reactor _reactor = new();
    private readonly string _root = Directory.CreateTempSubdirectory("fl-root").FullName;

    public void Dispose()
    {
        _reactor.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task A_container_has_an_overlay_root_its_own_proc_and_few_capabilities()
    {
        var lines = await Contain(
            "echo $$; ls -d /proc/[0-9]* | wc -l; echo hi > /mnt/fl-written && cat /mnt/fl-written; mkdir /secret 2>/dev/null; ls /sys | wc -l; "
            + "grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status; head -c 3 /dev/zero | wc -c; id -u; id -G",
            () =>
            {
                Credentials.Set(12, 34, [56], NetBindService);
                Credentials.ForbidNewPrivileges();
            },
            writable: true);
        Assert.Equal("1", lines[0]);
        Assert.Equal("hi", lines[2]);
        Assert.Equal("CapEff:\t0000000000000000", lines[4]);
        Assert.Equal("NoNewPrivs:\t1", lines[5]);
        Assert.Equal("3", lines[6]);
        Assert.Equal("12", lines[7]);
        Assert.Equal("34 56", lines[8]);
        Assert.False(File.Exists("/mnt/fl-written"));
    }

    [Fact]
    public async Task A_proc_mounted_from_outside_the_pid_namespace_would_show_the_host_and_one_mounted_within_does_not()
    {
        const string Count = "set -- /proc/[0-9]*; echo $#";
        var lines = await Contain($"{Count}; mount -t proc proc /proc; {Count}; cat /proc/1/comm", () => { }, writable: false);
        Assert.InRange(int.Parse(lines[0], CultureInfo.InvariantCulture), 3, int.MaxValue);
        Assert.Equal("1", lines[1]);
        Assert.Equal("sh", lines[2]);
    }

    [Fact]
    public async Task Root_in_a_container_has_exactly_the_capabilities_given()
    {
        var lines = await Contain("grep -E 'CapEff|CapBnd' /proc/self/status", () => Credentials.Set(0, 0, [], NetBindService), writable: false);
        Assert.Equal(["CapEff:\t0000000000000400", "CapBnd:\t0000000000000400"], lines);
    }

    [Fact]
    public async Task Mounts_of_a_container_are_not_seen_outside()
    {
        var lines = await Contain("cat /proc/self/mounts | wc -l", () => { }, writable: false);
        Assert.NotEqual("0", lines[0]);
        Assert.DoesNotContain(_root, await File.ReadAllTextAsync("/proc/self/mounts"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_process_can_enter_a_running_container()
    {
        using var prepared = new PreparedProcess(Shell("exec sleep 1000"));
        using var first = OwnThread.Run(() =>
        {
            EnterRoot(writable: false);
            return prepared.Start();
        });
        using var pipe = Pipe.Open();
        using var entering = new PreparedProcess(Shell("ls -d /proc/[0-9]*; hostname").Pass(pipe.Writer, 1));
        using var second = OwnThread.Run(() =>
        {
            var kinds = NamespaceKinds.Mount | NamespaceKinds.Pid | NamespaceKinds.Uts | NamespaceKinds.Ipc | NamespaceKinds.Net;
            OwnThread.Enter(first.Handle, kinds, "container");
            return entering.Start();
        });
        pipe.Writer.Dispose();
        entering.Dispose();
        await using var stream = new DescriptorStream(_reactor, pipe.Reader.Duplicate(), FileAccess.Read);
        using var reader = new StreamReader(stream);
        var output = await reader.ReadToEndAsync(Deadline.Token());
        Assert.StartsWith("/proc/1\n", output, StringComparison.Ordinal);
        Assert.EndsWith("contained\n", output, StringComparison.Ordinal);
        await second.WaitAsync(_reactor, Deadline.Token());
        first.Signal(9);
        await first.WaitAsync(_reactor, Deadline.Token());
    }

    private static SpawnOptions Shell(string script) =>
        new() { FileName = "/bin/sh", Arguments = ["sh", "-c", script], Environment = ["PATH=/usr/bin:/bin"] };

    private async Task<string[]> Contain(string script, Action credentials, bool writable)
    {
        using var pipe = Pipe.Open();
        using var prepared = new PreparedProcess(Shell(script).Pass(pipe.Writer, 1));
        using var child = OwnThread.Run(() =>
        {
            EnterRoot(writable);
            credentials();
            return prepared.Start();
        });
        pipe.Writer.Dispose();
        prepared.Dispose();
        await using var stream = new DescriptorStream(_reactor, pipe.Reader.Duplicate(), FileAccess.Read);
        using var reader = new StreamReader(stream);
        var output = await reader.ReadToEndAsync(Deadline.Token());
        await child.WaitAsync(_reactor, Deadline.Token());
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private void EnterRoot(bool writable)
    {
        OwnThread.Unshare(NamespaceKinds.Mount | NamespaceKinds.Pid | NamespaceKinds.Uts | NamespaceKinds.Ipc | NamespaceKinds.Net);
        Mounts.SetHostName("contained");
        Mounts.SetPropagation("/", MountPropagation.Private);
        Mounts.Mount("tmpfs", _root, MountFlags.NoSuid, "mode=755");
        foreach (var directory in new[] { "upper", "work", "root" })
        {
            Directory.CreateDirectory($"{_root}/{directory}");
        }

        var root = $"{_root}/root";
        Mounts.Overlay(["/"], $"{_root}/upper", $"{_root}/work", root);
        Mounts.Mount("proc", $"{root}/proc", MountFlags.NoSuid | MountFlags.NoDev | MountFlags.NoExec);
        Mounts.Mount("tmpfs", $"{root}/dev", MountFlags.NoSuid, "mode=755");
        Mounts.MakeCharacterDevice($"{root}/dev/zero", 0x1B6, 1, 5);
        Mounts.MakeCharacterDevice($"{root}/dev/null", 0x1B6, 1, 3);
        if (writable)
        {
            Mounts.Mount("tmpfs", $"{root}/mnt", MountFlags.None, "mode=777");
        }

        Mounts.PivotRoot(root);
    }
}
