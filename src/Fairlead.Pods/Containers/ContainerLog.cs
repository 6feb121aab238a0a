using System.Globalization;
using System.Text;

namespace Fairlead.Pods.Containers;

/// <summary>
/// The output of one run of a container, in the format of the container runtime interface: <c>TIME STREAM P|F TEXT</c>. Bounded: two files of
/// <see cref="MaxFileBytes"/>.
/// </summary>
internal sealed class ContainerLog(string path, TimeProvider time, long maxFileBytes = ContainerLog.MaxFileBytes)
{
    internal const long MaxFileBytes = 10 * 1024 * 1024;
    private const int MaxLine = 16 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<byte>> _open = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = New();

    internal string Path { get; } = path;

    /// <summary>Where the file before the current one is, once the limit was reached.</summary>
    internal string Older => Path + ".1";

    internal bool Ended { get; private set; }

    /// <summary>How many files came before the current one in this object's life.</summary>
    internal int Generation { get; private set; }

    /// <summary>Ends when something has been written, or the log has ended, since the call.</summary>
    internal Task Changed
    {
        get
        {
            lock (_gate)
            {
                return Ended ? Task.CompletedTask : _changed.Task;
            }
        }
    }

    internal static FileStream? Open(string path) =>
        File.Exists(path) ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete) : null;

    /// <summary>The file before the current one, the current one, each null when there is none, and the latter's generation.</summary>
    internal (FileStream? Older, FileStream? Current, int Generation) OpenAll()
    {
        lock (_gate)
        {
            return (Open(Older), Open(Path), Generation);
        }
    }

    /// <summary>Opens the file of a generation, or the first one after it that is left; null when there is none.</summary>
    internal FileStream? Open(ref int generation)
    {
        lock (_gate)
        {
            generation = Math.Max(generation, Generation - 1);
            return Open(generation == Generation ? Path : Older);
        }
    }

    internal void Append(string stream, ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            using var buffer = new MemoryStream();
            var line = _open.TryGetValue(stream, out var held) ? held : _open[stream] = [];
            foreach (var value in data)
            {
                if (value == '\n' || line.Count >= MaxLine)
                {
                    Write(buffer, stream, value == '\n' ? 'F' : 'P', line);
                }

                if (value != '\n')
                {
                    line.Add(value);
                }
            }

            Store(buffer);
        }
    }

    /// <summary>Writes what is left of unfinished lines; wakes followers for the last time.</summary>
    internal void End()
    {
        lock (_gate)
        {
            using var buffer = new MemoryStream();
            foreach (var (stream, line) in _open.Where(pair => pair.Value.Count > 0))
            {
                Write(buffer, stream, 'P', line);
            }

            Ended = true;
            Store(buffer);
            _changed.TrySetResult();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Write(MemoryStream buffer, string stream, char tag, List<byte> line)
    {
        var head = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture);
        buffer.Write(Encoding.ASCII.GetBytes($"{head} {stream} {tag} "));
        buffer.Write(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(line));
        buffer.WriteByte((byte)'\n');
        line.Clear();
    }

    private void Store(MemoryStream buffer)
    {
        if (buffer.Length == 0)
        {
            return;
        }

        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        if (File.Exists(Path) && new FileInfo(Path).Length > maxFileBytes)
        {
            File.Move(Path, Older, overwrite: true);
            Generation++;
        }

        using (var file = new FileStream(Path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            buffer.WriteTo(file);
        }

        var changed = _changed;
        _changed = New();
        changed.TrySetResult();
    }
}
