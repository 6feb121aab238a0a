using System.Globalization;
using System.Text;

namespace Fairlead.Pods.Containers;

/// <summary>What of a log is wanted (core/v1 PodLogOptions).</summary>
internal sealed record LogOptions(bool Follow, int? TailLines, DateTimeOffset? Since, bool Timestamps, long? LimitBytes, string Stream);

/// <summary>Reads a container's log as <c>kubectl logs</c> shows it.</summary>
internal static class LogReader
{
    /// <summary>Copies a log to <paramref name="output"/>; with follow, until the container has ended.</summary>
    internal static async Task CopyAsync(string path, ContainerLog? live, LogOptions options, Stream output, CancellationToken cancellationToken)
    {
        var left = options.LimitBytes ?? long.MaxValue;
        long position = 0;
        var before = new List<byte[]>();
        if (File.Exists(path + ".1"))
        {
            (before, _) = Read(path + ".1", 0, options);
        }

        var first = true;
        while (left > 0)
        {
            var ended = live is null || live.Ended;
            var changed = live?.Changed ?? Task.CompletedTask;
            var (lines, next) = Read(path, position, options);
            position = next;
            if (first)
            {
                lines = [.. before, .. lines];
                lines = options.TailLines is { } tail && lines.Count > tail ? lines[^tail..] : lines;
                first = false;
            }

            foreach (var line in lines)
            {
                var count = (int)Math.Min(left, line.Length);
                await output.WriteAsync(line.AsMemory(0, count), cancellationToken);
                left -= count;
            }

            await output.FlushAsync(cancellationToken);
            if (!options.Follow || ended)
            {
                return;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private static (List<byte[]> Lines, long Position) Read(string path, long position, LogOptions options)
    {
        var lines = new List<byte[]>();
        if (!File.Exists(path))
        {
            return (lines, position);
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (file.Length < position)
        {
            position = 0;
        }

        file.Position = position;
        var data = new byte[(int)Math.Min(file.Length - position, 2 * ContainerLog.MaxFileBytes)];
        file.ReadExactly(data);
        var start = 0;
        for (int end; (end = Array.IndexOf(data, (byte)'\n', start)) >= 0; start = end + 1)
        {
            if (Shown(data.AsSpan(start, end - start), options) is { } line)
            {
                lines.Add(line);
            }
        }

        return (lines, position + start);
    }

    private static byte[]? Shown(ReadOnlySpan<byte> line, LogOptions options)
    {
        var space = line.IndexOf((byte)' ');
        var rest = line[(space + 1)..];
        var second = rest.IndexOf((byte)' ');
        if (space <= 0 || second <= 0 || rest.Length < second + 3)
        {
            return null;
        }

        var stamp = Encoding.ASCII.GetString(line[..space]);
        var stream = Encoding.ASCII.GetString(rest[..second]);
        if (options.Stream is "Stdout" or "Stderr" && !options.Stream.Equals(stream, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        if (options.Since is { } since
            && DateTimeOffset.TryParse(stamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) && time < since)
        {
            return null;
        }

        var full = rest[second + 1] == (byte)'F';
        var text = rest[(second + 3)..];
        return [.. options.Timestamps ? Encoding.ASCII.GetBytes(stamp + " ") : [], .. text, .. full ? "\n"u8 : []];
    }
}
