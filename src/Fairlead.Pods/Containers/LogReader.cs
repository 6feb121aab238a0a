using System.Globalization;
using System.Text;

namespace Fairlead.Pods.Containers;

/// <summary>What of a log is wanted (core/v1 PodLogOptions).</summary>
internal sealed record LogOptions(bool Follow, int? TailLines, DateTimeOffset? Since, bool Timestamps, long? LimitBytes, string Stream);

/// <summary>Reads a container's log as <c>kubectl logs</c> shows it.</summary>
internal static class LogReader
{
    /// <summary>Copies a log to <paramref name="output"/>; with follow, until the container has ended or the limit is reached.</summary>
    internal static async Task CopyAsync(string path, ContainerLog? live, LogOptions options, Stream output, CancellationToken cancellationToken)
    {
        var left = options.LimitBytes ?? long.MaxValue;
        var (older, file, generation) = live?.OpenAll() ?? (ContainerLog.Open(path + ".1"), ContainerLog.Open(path), 0);
        try
        {
            List<byte[]> lines = [.. Read(older, options), .. Read(file, options)];
            older?.Dispose();
            lines = options.TailLines is { } tail && lines.Count > tail ? lines[^tail..] : lines;
            left = await WriteAsync(lines, left, output, cancellationToken);
            while (live is not null && options.Follow && left > 0)
            {
                // In this order: what is written after them is seen by the next round, and a file followed by another has been written to its end.
                var (ended, changed, latest) = (live.Ended, live.Changed, live.Generation);
                left = await WriteAsync(Read(file, options), left, output, cancellationToken);
                if (latest > generation)
                {
                    file?.Dispose();
                    generation++;
                    file = live.Open(ref generation);
                }
                else if (ended)
                {
                    return;
                }
                else if (left > 0)
                {
                    await changed.WaitAsync(cancellationToken);
                    file ??= live.Open(ref generation);
                }
            }
        }
        finally
        {
            file?.Dispose();
        }
    }

    private static async Task<long> WriteAsync(List<byte[]> lines, long left, Stream output, CancellationToken cancellationToken)
    {
        foreach (var line in lines)
        {
            var count = (int)Math.Min(left, line.Length);
            await output.WriteAsync(line.AsMemory(0, count), cancellationToken);
            left -= count;
        }

        await output.FlushAsync(cancellationToken);
        return left;
    }

    /// <summary>The whole lines from where the file is; it is left behind the last of them.</summary>
    private static List<byte[]> Read(FileStream? file, LogOptions options)
    {
        var lines = new List<byte[]>();
        if (file is null)
        {
            return lines;
        }

        var position = file.Position;
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

        file.Position = position + start;
        return lines;
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
