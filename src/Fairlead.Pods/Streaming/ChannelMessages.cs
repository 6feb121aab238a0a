using System.Text.Json;

namespace Fairlead.Pods.Streaming;

/// <summary>
/// Reads a client's messages as they come in, piece by piece: input is handed on without waiting for the rest of its message, so that no message is
/// too long to be held; the others are short.
/// </summary>
internal sealed class ChannelMessages(string protocol)
{
    private const int LongestControl = 256;

    private readonly byte[] _held = new byte[LongestControl];
    private int _count;
    private int _channel = -1;

    /// <summary>Takes a piece of a message, <paramref name="last"/> if it is its last.</summary>
    /// <exception cref="InvalidDataException">Not what its channel carries.</exception>
    internal ClientMessage Take(ReadOnlyMemory<byte> piece, bool last)
    {
        if (_channel < 0 && piece.Length > 0)
        {
            _channel = piece.Span[0];
            _count = 0;
            piece = piece[1..];
        }

        var channel = _channel;
        _channel = last ? -1 : _channel;
        switch (channel)
        {
            case ChannelProtocol.Stdin:
                return piece.IsEmpty ? default : new ClientMessage(ClientMessageKind.Input, piece);
            case ChannelProtocol.Resize:
                return Hold(piece, last) ? new ClientMessage(ClientMessageKind.Resize, Size: ParseSize(_held.AsSpan(0, _count))) : default;
            case ChannelProtocol.Close when protocol == ChannelProtocol.Version5:
                return Hold(piece, last) && Closed() == ChannelProtocol.Stdin ? new ClientMessage(ClientMessageKind.EndOfInput) : default;
            default:
                // Channels a client has nothing to say on: read over, as the API server does.
                return default;
        }
    }

    /// <summary>Reads <c>{"Width":80,"Height":24}</c>.</summary>
    /// <exception cref="InvalidDataException">Anything else.</exception>
    internal static TerminalSize ParseSize(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            using var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement is { ValueKind: JsonValueKind.Object } size
                && size.TryGetProperty("Width", out var width) && width.TryGetUInt16(out var columns)
                && size.TryGetProperty("Height", out var height) && height.TryGetUInt16(out var rows))
            {
                return new TerminalSize(columns, rows);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"a terminal size that is not JSON: {e.Message}", e);
        }

        throw new InvalidDataException("a terminal size without Width and Height from 0 to 65535");
    }

    private bool Hold(ReadOnlyMemory<byte> piece, bool last)
    {
        if (_count + piece.Length > LongestControl)
        {
            throw new InvalidDataException($"a control message of more than {LongestControl} bytes");
        }

        piece.CopyTo(_held.AsMemory(_count));
        _count += piece.Length;
        return last;
    }

    private byte Closed() => _count == 1 ? _held[0] : throw new InvalidDataException("a close message names exactly one channel");
}
