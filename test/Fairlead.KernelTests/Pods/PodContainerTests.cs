using System.Net.Sockets;
using System.Text;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Processes;
using Fairlead.Pods;
using Fairlead.Pods.Containers;
using Fairlead.Pods.Sandbox;
using Fairlead.Pods.Spec;
using Fairlead.Pods.StandIns;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.KernelTests.Pods;

public sealed class PodContainerTests : IDisposable
{
    private readonly Reactor _reactor = new();
    private readonly string _run = Directory.CreateTempSubdirectory("fl-pods").FullName;
    private readonly PodPaths _paths;

    public PodContainerTests()
    {
        var options = new PodsOptions { ClusterName = "t", RunDirectory = _run, StateDirectory = $"{_run}/state", SocketPath = "", Nodes = [] };
        _paths = new PodPaths(options, new PodSpec([]));
        PodSandbox.Create(_paths, "web-0", "");
    }

    public void Dispose()
    {
        PodSandbox.Delete(_paths.Run, _paths.State);
        _reactor.Dispose();
        Directory.Delete(_run, recursive: true);
    }

    [Fact]
    public async Task The_command_is_process_1_under_the_pods_name_and_sees_no_homes()
    {
        var (status, text) = await RunAsync("echo $$; hostname; ls -A /root /home | grep -v : | wc -w; ls /var/lib/fairlead 2>/dev/null | wc -l; exit 7");
        Assert.Equal(7, status.ShellCode);
        Assert.Equal("1\nweb-0\n0\n0\n", text);
    }

    [Fact]
    public async Task What_a_container_writes_does_not_reach_the_host()
    {
        var (_, text) = await RunAsync("echo x > /etc/fl-written; cat /etc/fl-written; ls /dev/pts");
        Assert.Equal("x\nptmx\n", text);
        Assert.False(File.Exists("/etc/fl-written"));
    }

    [Fact]
    public async Task The_command_is_process_1_by_name_and_no_process_of_the_host_is_seen()
    {
        var (_, text) = await RunAsync(Launch(["sleep", "1000"]), "cat /proc/1/comm; tr '\\0' ' ' < /proc/1/cmdline; echo; ls -d /proc/[0-9]* | wc -l; ls /proc/self/fd | wc -l");
        var lines = text.Split('\n');
        Assert.Equal("sleep", lines[0]);
        Assert.Equal("sleep 1000 ", lines[1]);
        Assert.Contains(lines[2], (string[])["3", "4"]);
        Assert.Equal("4", lines[3]);
    }

    [Fact]
    public async Task A_command_holds_three_descriptors_besides_its_own_and_ignores_no_signal()
    {
        var (_, text) = await RunAsync("ls -A /tmp; grep -E 'SigIgn|SigBlk' /proc/self/status | cut -c 9- ; exec ls /proc/self/fd");
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        // Signals from 32 on are the C library's own: it leaves one of them ignored in what it spawns.
        Assert.All(lines[..2], mask => Assert.Equal(0UL, Convert.ToUInt64(mask, 16) & 0x7FFFFFFF));
        Assert.Equal(["0", "1", "2", "3"], lines[2..]);
    }

    [Fact]
    public async Task A_container_has_containerds_capabilities_and_nothing_more()
    {
        var (_, text) = await RunAsync("exec grep -E 'CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs' /proc/self/status");
        const string Given = "00000000a80425fb", None = "0000000000000000";
        Assert.Equal($"CapInh:\t{None}\nCapPrm:\t{Given}\nCapEff:\t{Given}\nCapBnd:\t{Given}\nCapAmb:\t{None}\nNoNewPrivs:\t0\n", text);
    }

    [Fact]
    public async Task An_other_user_has_its_groups_no_capabilities_and_gains_none()
    {
        var identity = new Identification { User = 12, Group = 34, Groups = [56, 78], NoNewPrivileges = true };
        var (_, text) = await RunAsync(Launch(["sh", "-c", "id -u; id -G; grep -E 'CapEff|NoNewPrivs' /proc/self/status"]) with { Identity = identity });
        Assert.Equal("12\n34 56 78\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n", text);
    }

    [Fact]
    public async Task What_of_proc_is_the_hosts_is_hidden_or_read_only()
    {
        var (_, text) = await RunAsync(
            "for f in kcore keys timer_list sched_debug; do [ ! -s /proc/$f ] || echo $f; done; ls -A /sys/firmware | wc -l; "
            + "(echo 1 > /proc/sys/vm/drop_caches) 2>/dev/null || echo kept; (echo h > /proc/sysrq-trigger) 2>/dev/null || echo kept; "
            + "mount -o remount,rw /proc/sys 2>/dev/null || umount /proc/kcore 2>/dev/null || echo kept");
        Assert.Equal("0\nkept\nkept\nkept\n", text);
    }

    [Fact]
    public async Task An_environment_meant_for_the_runtime_reaches_the_command_only()
    {
        var launch = Launch(["sh", "-c", "echo $DOTNET_STARTUP_HOOKS; env | grep -c DOTNET"]);
        var (status, text) = await RunAsync(launch with { Environment = [.. launch.Environment, "DOTNET_STARTUP_HOOKS=/no/such.dll"] });
        Assert.Equal(0, status.ShellCode);
        Assert.Equal("/no/such.dll\n1\n", text);
    }

    [Fact]
    public async Task A_file_that_is_no_program_is_refused_and_leaves_no_process()
    {
        var file = Path.Combine(Directory.CreateDirectory("/opt/fl-" + Guid.NewGuid().ToString("N")).FullName, "text");
        try
        {
            await File.WriteAllTextAsync(file, "no program");
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            var failure = await Assert.ThrowsAsync<ContainerFailure>(() => RunAsync(Launch([file])));
            Assert.Contains("Exec format error", failure.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }

    [Fact]
    public async Task A_container_has_no_device_of_the_host()
    {
        var (_, text) = await RunAsync("mknod /etc/d c 1 5 && head -c 1 /etc/d 2>/dev/null || echo inert");
        Assert.Equal("inert\n", text);
    }

    [Fact]
    public async Task A_missing_executable_is_named_as_containerd_does()
    {
        var failure = await Assert.ThrowsAsync<ExecutableMissing>(() => RunAsync(Launch(["no-such-thing"])));
        Assert.Equal("exec: \"no-such-thing\": executable file not found in $PATH", failure.Message);
    }

    [Fact]
    public async Task A_terminal_is_a_real_one_and_ctrl_c_interrupts()
    {
        var launch = Launch(["sh", "-c", "trap 'echo caught; exit 3' INT; tty; while :; do sleep 1; done"]) with { Tty = true, Stdin = true };
        await using var container = Start(launch);
        var output = container.Hub.Listen();
        var seen = "";
        while (!seen.Contains("/dev/pts/0", StringComparison.Ordinal))
        {
            seen += Encoding.UTF8.GetString((await output.ReadAsync(Deadline.Token())).Data);
        }

        await container.Input!.WriteAsync(new byte[] { 3 }, Deadline.Token());
        Assert.Equal(3, (await container.WaitAsync(Deadline.Token())).ShellCode);
    }

    [Fact]
    public async Task A_second_process_joins_a_running_container()
    {
        var (status, text) = await RunAsync(Launch(["sleep", "1000"]), "kill -0 1 && hostname; exit 5");
        Assert.Equal("web-0\n", text);
        Assert.Equal(5, status.ShellCode);
    }

    [Fact]
    public async Task A_stand_in_answers_with_its_identity_and_the_clients_address()
    {
        using var netns = NetNamespace.Open(_paths.Net);
        Tool.Run("nsenter", $"--net={_paths.Net}", "ip", "link", "set", "lo", "up");
        await using var standIn = StandIn.Start(
            _paths.Net, [(80, false), (53, true)], new Identity("web-0", "prod", "n1"), TimeProvider.System, NullLogger.Instance);
        using var udp = netns.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        await udp.ConnectAsync("127.0.0.1", 53, Deadline.Token());
        await udp.SendAsync("hi"u8.ToArray(), Deadline.Token());
        var buffer = new byte[2048];
        var answer = Encoding.UTF8.GetString(buffer, 0, await udp.ReceiveAsync(buffer, Deadline.Token()));
        Assert.Equal(
            $"{{\"pod\":\"web-0\",\"namespace\":\"prod\",\"node\":\"n1\",\"address\":\"127.0.0.1:53\",\"client\":\"{udp.LocalEndPoint}\",\"port\":53,\"protocol\":\"UDP\"}}\n",
            answer);

        using var tcp = netns.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await tcp.ConnectAsync("127.0.0.1", 80, Deadline.Token());
        for (var i = 0; i < 2; i++)
        {
            await tcp.SendAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), Deadline.Token());
            var text = "";
            while (!text.EndsWith("}\n", StringComparison.Ordinal))
            {
                text += Encoding.UTF8.GetString(buffer, 0, await tcp.ReceiveAsync(buffer, Deadline.Token()));
            }

            Assert.Contains($"\"client\":\"{tcp.LocalEndPoint}\"", text, StringComparison.Ordinal);
        }
    }

    /// <summary>What a script says that runs as a second process of a container.</summary>
    private async Task<(ExitStatus Status, string Text)> RunAsync(ContainerLaunch launch, string script)
    {
        await using var container = Start(launch);
        using var pipe = Pipe.Open();
        var entered = Launch(["sh", "-c", script]);
        var (child, _) = OwnThread.Run(() => ContainerStarter.Enter(container.Process, entered, options => options.Pass(pipe.Writer, 1)));
        using var second = child;
        pipe.Writer.Dispose();
        await using var stream = new DescriptorStream(_reactor, pipe.Reader.Duplicate(), FileAccess.Read);
        using var reader = new StreamReader(stream);
        var text = await reader.ReadToEndAsync(Deadline.Token());
        var status = await child.WaitAsync(_reactor, Deadline.Token());
        container.Process.Signal(9);
        await container.WaitAsync(Deadline.Token());
        return (status, text);
    }

    private Task<(ExitStatus Status, string Text)> RunAsync(string script) => RunAsync(Launch(["sh", "-c", script]));

    private async Task<(ExitStatus Status, string Text)> RunAsync(ContainerLaunch launch)
    {
        await using var container = Start(launch);
        var status = await container.WaitAsync(Deadline.Token());
        using var output = new MemoryStream();
        await LogReader.CopyAsync(container.Log.Path, null, new LogOptions(false, null, null, false, null, ""), output, Deadline.Token());
        return (status, Encoding.UTF8.GetString(output.ToArray()));
    }

    private ContainerProcess Start(ContainerLaunch launch) => ContainerProcess.Start(
        launch, _paths.Container("c"), new ContainerLog($"{_paths.Logs("c")}/0.log", TimeProvider.System), _reactor, NullLogger.Instance);

    private ContainerLaunch Launch(IReadOnlyList<string> command) => new()
    {
        NetNamespace = _paths.Net,
        UtsNamespace = _paths.Uts,
        IpcNamespace = _paths.Ipc,
        MountPoint = $"{_paths.Container("c")}/root",
        Command = command,
        Environment = [$"PATH={Executables.HostPath}"],
        InitProgram = Path.Combine(AppContext.BaseDirectory, "fairlead"),
    };
}
