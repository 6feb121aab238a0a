using System.Globalization;
using System.Text;
using Fairlead.Linux;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Processes;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Linux;

public sealed class ProcessTests : IDisposable
{
    private const int SIGTERM = 15;
    private const int SIGWINCH = 28;
    private readonly Reactor _reactor = new();

    public void Dispose() => _reactor.Dispose();

    [Fact]
    public async Task A_child_has_the_arguments_environment_and_directory_it_was_given()
    {
        var output = await OutputOf(new SpawnOptions
        {
            FileName = "/bin/sh",
            Arguments = ["sh", "-c", "echo \"$0 $1|$WORD|$PWD\"; env | wc -l", "zero", "one two"],
            Environment = ["WORD=väl"],
            WorkingDirectory = "/usr",
        });
        Assert.Equal("zero one two|väl|/usr\n2\n", output.Replace("_=/usr/bin/env\n", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Exit_code_and_signal_are_told()
    {
        Assert.Equal(new ExitStatus(7, 0), await StatusOf("exit 7"));
        Assert.Equal(new ExitStatus(0, SIGTERM), await StatusOf("kill -TERM $$"));
        Assert.Equal(143, new ExitStatus(0, SIGTERM).ShellCode);
    }

    [Fact]
    public async Task A_signal_ends_a_child_and_is_false_afterwards()
    {
        using var child = ChildProcess.Start(Shell("exec sleep 1000"));
        Assert.True(child.Signal(SIGTERM));
        Assert.Equal(SIGTERM, (await child.WaitAsync(_reactor, Deadline.Token())).Signal);
        Assert.False(child.Signal(SIGTERM));
    }

    [Fact]
    public async Task A_process_that_is_not_a_child_can_be_waited_for()
    {
        using var pipe = Pipe.Open();
        using var parent = ChildProcess.Start(Shell("sleep 1000 & echo $!; exec sleep 1000").Pass(pipe.Writer, 1));
        var pid = int.Parse(await ReadLine(pipe), CultureInfo.InvariantCulture);
        using var grandchild = ChildProcess.Open(pid);
        var wait = grandchild.WaitAsync(_reactor, Deadline.Token());
        Assert.False(wait.IsCompleted);
        grandchild.Signal(SIGTERM);
        Assert.Equal(ExitStatus.Unknown, await wait);
        parent.Signal(SIGTERM);
        await parent.WaitAsync(_reactor, Deadline.Token());
    }

    [Fact]
    public void A_file_that_cannot_be_executed_is_an_error_with_its_name()
    {
        var error = Assert.Throws<LinuxException>(() => ChildProcess.Start(new SpawnOptions { FileName = "/no/such/program", Arguments = ["x"] }));
        Assert.Equal(Errno.ENOENT, error.Errno);
        Assert.Contains("/no/such/program", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_child_does_not_inherit_ignored_signals()
    {
        // The runtime ignores SIGPIPE; a shell whose reader is gone must die of it, or `yes | head` would run forever.
        Assert.Equal(13, (await StatusOf("kill -PIPE $$")).Signal);
    }

    [Fact]
    public async Task A_child_lives_in_the_namespaces_of_the_thread_that_starts_it()
    {
        using var pipe = Pipe.Open();
        using var prepared = new PreparedProcess(Shell("echo $$ $(hostname)").Pass(pipe.Writer, 1));
        var (child, netns) = OwnThread.Run(() =>
        {
            OwnThread.Unshare(NamespaceKinds.Uts | NamespaceKinds.Pid | NamespaceKinds.Net | NamespaceKinds.Ipc);
            Mounts.SetHostName("inside");
            return (prepared.Start(), new FileInfo("/proc/thread-self/ns/net").LinkTarget);
        });
        using (child)
        {
            Assert.Equal("1 inside", await ReadLine(pipe));
            await child.WaitAsync(_reactor, Deadline.Token());
            Assert.NotEqual(new FileInfo("/proc/self/ns/net").LinkTarget, netns);
        }
    }

    [Fact]
    public async Task Passed_descriptors_do_not_overwrite_each_other()
    {
        using var first = Pipe.Open();
        using var second = Pipe.Open();
        var options = new SpawnOptions
        {
            FileName = "/bin/bash",
            Arguments = ["bash", "-c", $"echo one >&{second.Writer.Number}; echo two >&{first.Writer.Number}"],
        }.Pass(first.Writer, second.Writer.Number).Pass(second.Writer, first.Writer.Number);
        using var child = ChildProcess.Start(options);
        Assert.Equal("one", await ReadLine(first));
        Assert.Equal("two", await ReadLine(second));
        await child.WaitAsync(_reactor, Deadline.Token());
    }

    [Fact]
    public async Task A_terminal_is_the_controlling_one_and_has_a_size_that_changes()
    {
        using var pty = Pty.Open();
        pty.Resize(100, 40);
        var options = new SpawnOptions
        {
            FileName = "/bin/sh",
            Arguments = ["sh", "-c", "trap 'stty size; exit 5' WINCH; tty; stty size; : >/dev/tty && echo ready; while :; do read -r line; done"],
            Environment = ["PATH=/usr/bin:/bin"],
            NewSession = true,
        }.OnTerminal(pty.SlavePath);
        await using var terminal = new DescriptorStream(_reactor, pty.Master.Duplicate(), FileAccess.ReadWrite);
        using var child = ChildProcess.Start(options);
        using var reader = new StreamReader(terminal, Encoding.UTF8, false, 256, leaveOpen: true);
        Assert.Equal(pty.SlavePath, await reader.ReadLineAsync(Deadline.Token()));
        Assert.Equal("40 100", await reader.ReadLineAsync(Deadline.Token()));
        Assert.Equal("ready", await reader.ReadLineAsync(Deadline.Token()));
        pty.Resize(80, 25);
        await terminal.WriteAsync("\n"u8.ToArray(), Deadline.Token());
        var rest = await reader.ReadToEndAsync(Deadline.Token());
        Assert.Contains("25 80", rest, StringComparison.Ordinal);
        Assert.Equal(5, (await child.WaitAsync(_reactor, Deadline.Token())).Code);
        Assert.Equal(28, SIGWINCH);
    }

    [Fact]
    public async Task Ctrl_C_on_a_terminal_interrupts()
    {
        using var pty = Pty.Open();
        var options = new SpawnOptions
        {
            FileName = "/bin/sh",
            Arguments = ["sh", "-c", "echo ready; exec sleep 1000"],
            Environment = ["PATH=/usr/bin:/bin"],
            NewSession = true,
        }.OnTerminal(pty.SlavePath);
        await using var terminal = new DescriptorStream(_reactor, pty.Master.Duplicate(), FileAccess.ReadWrite);
        using var child = ChildProcess.Start(options);
        var buffer = new byte[64];
        Assert.StartsWith("ready", Encoding.UTF8.GetString(buffer, 0, await terminal.ReadAsync(buffer, Deadline.Token())), StringComparison.Ordinal);
        await terminal.WriteAsync(new byte[] { 3 }, Deadline.Token());
        Assert.Equal(2, (await child.WaitAsync(_reactor, Deadline.Token())).Signal);
    }

    private static SpawnOptions Shell(string script) =>
        new() { FileName = "/bin/sh", Arguments = ["sh", "-c", script], Environment = ["PATH=/usr/bin:/bin"] };

    private async Task<ExitStatus> StatusOf(string script)
    {
        using var child = ChildProcess.Start(Shell(script));
        return await child.WaitAsync(_reactor, Deadline.Token());
    }

    private async Task<string> OutputOf(SpawnOptions options)
    {
        using var pipe = Pipe.Open();
        using var child = ChildProcess.Start(options.Pass(pipe.Writer, 1));
        pipe.Writer.Dispose();
        await using var stream = new DescriptorStream(_reactor, pipe.Reader.Duplicate(), FileAccess.Read);
        using var reader = new StreamReader(stream);
        var output = await reader.ReadToEndAsync(Deadline.Token());
        Assert.Equal(0, (await child.WaitAsync(_reactor, Deadline.Token())).Code);
        return output;
    }

    private async Task<string> ReadLine(Pipe pipe)
    {
        await using var stream = new DescriptorStream(_reactor, pipe.Reader.Duplicate(), FileAccess.Read);
        using var reader = new StreamReader(stream);
        return await reader.ReadLineAsync(Deadline.Token()) ?? "";
    }
}
