using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Fairlead.Pods.Streaming.PortForward;

/// <summary>
/// Reads the headers of one direction of a SPDY connection. All of them are one zlib stream (RFC 1950) with a preset dictionary, which the library cannot be
/// given; an uncompressed block of the dictionary in front of the data puts the same bytes into the decompressor's window.
/// </summary>
internal sealed class SpdyHeaderReader : IDisposable
{
    /// <summary>Longest block of headers, decompressed, in bytes.</summary>
    internal const int MostBytes = 16 * 1024;

    private const int Deflate = 8;
    private const int PresetDictionary = 0x20;
    private const int HeaderLength = 6;

    private readonly MemoryStream _compressed = new();
    private readonly DeflateStream _inflater;
    private readonly byte[] _block = new byte[MostBytes + 1];
    private bool _begun;

    internal SpdyHeaderReader() => _inflater = new DeflateStream(_compressed, CompressionMode.Decompress);

    /// <inheritdoc/>
    public void Dispose()
    {
        _inflater.Dispose();
        _compressed.Dispose();
    }

    /// <summary>The headers of one frame, by name in lower case.</summary>
    /// <exception cref="InvalidDataException">It is no block of headers, or longer than <see cref="MostBytes"/>.</exception>
    internal Dictionary<string, string> Read(ReadOnlySpan<byte> compressed)
    {
        if (!_begun)
        {
            compressed = Begin(compressed);
        }

        Feed(compressed);
        var length = 0;
        int read;
        while (length < _block.Length && (read = _inflater.Read(_block.AsSpan(length))) > 0)
        {
            length += read;
        }

        return length <= MostBytes ? Parse(_block.AsSpan(0, length)) : throw new InvalidDataException($"headers of more than {MostBytes} bytes");
    }

    private static Dictionary<string, string> Parse(ReadOnlySpan<byte> block)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var count = Number(ref block); count > 0; count--)
        {
            var name = Text(ref block);
            headers[name] = Text(ref block);
        }

        return headers;
    }

    private static string Text(ref ReadOnlySpan<byte> block)
    {
        var length = Number(ref block);
        if (length > block.Length)
        {
            throw new InvalidDataException("a header is longer than what holds it");
        }

        var text = Encoding.UTF8.GetString(block[..(int)length]);
        block = block[(int)length..];
        return text;
    }

    private static uint Number(ref ReadOnlySpan<byte> block)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(block, out var number))
        {
            throw new InvalidDataException("headers end too early");
        }

        block = block[4..];
        return number;
    }

    /// <summary>Checks the head of the zlib stream and puts the dictionary where it belongs.</summary>
    private ReadOnlySpan<byte> Begin(ReadOnlySpan<byte> compressed)
    {
        if (compressed.Length < HeaderLength || (compressed[0] & 0xf) != Deflate || (compressed[1] & PresetDictionary) == 0)
        {
            throw new InvalidDataException("headers are not compressed with SPDY's dictionary");
        }

        _begun = true;
        Feed([.. StoredBlock.Head(SpdyDictionary.Bytes.Length), .. SpdyDictionary.Bytes]);
        var length = 0;
        while (length < SpdyDictionary.Bytes.Length)
        {
            length += _inflater.Read(_block.AsSpan(0, SpdyDictionary.Bytes.Length - length));
        }

        return compressed[HeaderLength..];
    }

    private void Feed(ReadOnlySpan<byte> compressed)
    {
        _compressed.SetLength(0);
        _compressed.Write(compressed);
        _compressed.Position = 0;
    }
}
