using System.Globalization;
using System.Text;
using Fairlead.ControlPlane.Registry;

namespace Fairlead.ControlPlane.Streaming;

/// <summary>The head of an answer of the pods role. A body is chunked, as long as <see cref="Length"/> says, or lasts until the end (-1).</summary>
internal sealed record PodsAnswer(int Code, IReadOnlyDictionary<string, string> Headers, bool Chunked, long Length);

/// <summary>
/// One request to the pods role over HTTP/1.1, by hand: the connection is either read to its end or, after 101, spliced byte for byte, which a client
/// library would not leave us.
/// </summary>
internal sealed class PodsConnection(Stream stream) : IAsyncDisposable
{
    private const int LongestHead = 16 * 1024;

    private readonly byte[] _buffer = new byte[LongestHead];
    private int _start;
    private int _end;
    private long _left = -1;
    private bool _ended;

    public Stream Stream => stream;

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    /// <summary>Sends a GET and reads the head of the answer.</summary>
    /// <exception cref="StatusException">502: what came back is no HTTP.</exception>
    public async Task<PodsAnswer> RequestAsync(
        string location, IEnumerable<KeyValuePair<string, string>> headers, CancellationToken cancellationToken)
    {
        var request = new StringBuilder($"GET {location} HTTP/1.1\r\nHost: pods\r\n");
        foreach (var (name, value) in headers)
        {
            // Kestrel has refused control characters already; a second line here would be another request.
            request.Append(name).Append(": ").Append(value.ReplaceLineEndings(" ")).Append("\r\n");
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes(request.Append("\r\n").ToString()), cancellationToken);
        return ParseHead(await ReadHeadAsync(cancellationToken));
    }

    /// <summary>Takes bytes that came behind the head of a 101.</summary>
    public ReadOnlyMemory<byte> TakeRest()
    {
        var rest = _buffer.AsMemory(_start, _end - _start);
        _start = _end;
        return rest;
    }

    /// <summary>Reads the body; 0 at its end.</summary>
    public async Task<int> ReadBodyAsync(PodsAnswer answer, Memory<byte> into, CancellationToken cancellationToken)
    {
        if (_ended)
        {
            return 0;
        }

        if (_left <= 0 && (answer.Chunked || _left < 0))
        {
            _left = answer.Chunked ? await NextChunkAsync(cancellationToken) : answer.Length < 0 ? long.MaxValue : answer.Length;
        }

        var read = _left == 0 ? 0 : await ReadSomeAsync(into[..(int)Math.Min(into.Length, _left)], cancellationToken);
        _ended = read == 0;
        _left -= read;
        if (answer.Chunked && _left == 0 && !_ended)
        {
            await ReadLineAsync(cancellationToken);
        }

        return read;
    }

    /// <summary>Reads a short body as text.</summary>
    public async Task<string> ReadTextAsync(PodsAnswer answer, int most, CancellationToken cancellationToken)
    {
        var bytes = new byte[most];
        var (length, read) = (0, 1);
        while (read > 0 && length < most)
        {
            read = await ReadBodyAsync(answer, bytes.AsMemory(length), cancellationToken);
            length += read;
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    private static StatusException NotHttp(string what) =>
        new(502, "InternalError", $"the pods role answered something that is not HTTP: {what}");

    private static PodsAnswer ParseHead(string head)
    {
        var lines = head.Split("\r\n");
        var first = lines[0].Split(' ', 3);
        if (first.Length < 2 || first[0] != "HTTP/1.1" || !int.TryParse(first[1], NumberStyles.None, CultureInfo.InvariantCulture, out var code))
        {
            throw NotHttp("a wrong first line");
        }

        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in lines.Skip(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                headers[line[..colon]] = line[(colon + 1)..].Trim();
            }
        }

        var chunked = headers.GetValueOrDefault("Transfer-Encoding", "").Equals("chunked", StringComparison.OrdinalIgnoreCase);
        var length = long.TryParse(headers.GetValueOrDefault("Content-Length", ""), NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : -1;
        return new PodsAnswer(code, headers, chunked, length);
    }

    private async Task<string> ReadHeadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var at = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n\r\n"u8);
            if (at >= 0)
            {
                var head = Encoding.ASCII.GetString(_buffer, _start, at);
                _start += at + 4;
                return head;
            }

            if (_end == _buffer.Length)
            {
                throw NotHttp($"a head of more than {LongestHead} bytes");
            }

            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
            {
                throw NotHttp("the connection ended within the head");
            }

            _end += read;
        }
    }

    private async Task<long> NextChunkAsync(CancellationToken cancellationToken)
    {
        var size = (await ReadLineAsync(cancellationToken)).Split(';')[0].Trim();
        return long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var length) && length >= 0
            ? length
            : throw NotHttp("a wrong chunk");
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await ReadSomeAsync(one, cancellationToken) == 1 && one[0] != '\n')
        {
            line.Append((char)one[0]);
            if (line.Length > 64)
            {
                throw NotHttp("a chunk size of more than 64 characters");
            }
        }

        return line.ToString().TrimEnd('\r');
    }

    private async Task<int> ReadSomeAsync(Memory<byte> into, CancellationToken cancellationToken)
    {
        if (_start == _end)
        {
            if (into.Length >= _buffer.Length)
            {
                return await stream.ReadAsync(into, cancellationToken);
            }

            (_start, _end) = (0, await stream.ReadAsync(_buffer, cancellationToken));
        }

        var count = Math.Min(into.Length, _end - _start);
        _buffer.AsMemory(_start, count).CopyTo(into);
        _start += count;
        return count;
    }
}
