using System.IO.Pipelines;
using System.Text;
using Fairlead.Pods.Containers;
using Fairlead.Testing;

namespace Fairlead.Tests.Pods;

/// <summary>What followers of a container's log read.</summary>
public sealed class ContainerLogTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fl-log").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_follower_reads_the_old_file_to_its_end_and_the_new_one_from_its_start()
    {
        // Each line fills a file: the next one finds it too long and starts another, longer than what has been read of the first.
        var log = new ContainerLog($"{_directory}/0.log", TimeProvider.System, maxFileBytes: 50);
        var pipe = new Pipe();
        log.Append("stdout", "first\n"u8);
        var copy = CopyAsync(log, Follow, pipe.Writer);
        using var reader = new StreamReader(pipe.Reader.AsStream());
        Assert.Equal("first", await reader.ReadLineAsync(Deadline.Token()));

        log.Append("stdout", "last of the old file\n"u8);
        log.Append("stdout", Encoding.ASCII.GetBytes(new string('x', 300) + "\nend\n"));
        log.End();
        await copy;

        Assert.Equal($"last of the old file\n{new string('x', 300)}\nend\n", await reader.ReadToEndAsync(Deadline.Token()));
        Assert.True(log.Generation > 0);
    }

    [Fact]
    public async Task Following_ends_when_the_limit_of_bytes_is_reached_though_the_container_goes_on()
    {
        var log = new ContainerLog($"{_directory}/0.log", TimeProvider.System);
        log.Append("stdout", "hello world\n"u8);
        var pipe = new Pipe();
        await CopyAsync(log, Follow with { LimitBytes = 6 }, pipe.Writer).WaitAsync(Deadline.Token());

        Assert.Equal("hello ", await new StreamReader(pipe.Reader.AsStream()).ReadToEndAsync(Deadline.Token()));
    }

    [Fact]
    public async Task A_tail_takes_from_the_file_before_the_current_one_too()
    {
        var log = new ContainerLog($"{_directory}/0.log", TimeProvider.System, maxFileBytes: 10);
        log.Append("stdout", "a\n"u8);
        log.Append("stdout", "b\n"u8);
        var pipe = new Pipe();
        await CopyAsync(log, Follow with { Follow = false, TailLines = 2 }, pipe.Writer);

        Assert.Equal("a\nb\n", await new StreamReader(pipe.Reader.AsStream()).ReadToEndAsync(Deadline.Token()));
    }

    private static LogOptions Follow { get; } = new(true, null, null, false, null, "");

    private static async Task CopyAsync(ContainerLog log, LogOptions options, PipeWriter writer)
    {
        await LogReader.CopyAsync(log.Path, log, options, writer.AsStream(), Deadline.Token());
        await writer.CompleteAsync();
    }
}
