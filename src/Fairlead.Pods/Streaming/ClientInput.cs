using System.Threading.Channels;

namespace Fairlead.Pods.Streaming;

/// <summary>
/// What a client has sent and nobody has taken yet. Bounded: when a command reads nothing, reading the client stops. Pieces of input share a bound of
/// 1 MiB, so that a client's pings are answered while a command merely lags.
/// </summary>
internal sealed class ClientInput
{
    internal const int PieceBytes = 16 * 1024;
    private const int MostPieces = 64;

    private readonly Channel<ReadOnlyMemory<byte>> _input = Channel.CreateBounded<ReadOnlyMemory<byte>>(MostPieces);
    private readonly Channel<TerminalSize> _sizes = Channel.CreateBounded<TerminalSize>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Why the client was let go; empty while it is there.</summary>
    internal string Fault { get; set; } = "";

    /// <summary>Its end is the end of the input.</summary>
    internal ChannelReader<ReadOnlyMemory<byte>> Data => _input.Reader;

    /// <summary>The latest size of the client's terminal.</summary>
    internal ChannelReader<TerminalSize> Sizes => _sizes.Reader;

    internal async ValueTask TakeAsync(ClientMessage message, CancellationToken cancellationToken)
    {
        switch (message.Kind)
        {
            case ClientMessageKind.Input when !_input.Reader.Completion.IsCompleted:
                await WriteAsync(message.Data, cancellationToken);
                break;
            case ClientMessageKind.EndOfInput:
                _input.Writer.TryComplete();
                break;
            case ClientMessageKind.Resize:
                _sizes.Writer.TryWrite(message.Size);
                break;
            default:
                break;
        }
    }

    internal void End()
    {
        _input.Writer.TryComplete();
        _sizes.Writer.TryComplete();
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        // False when the input has been closed: a client may not write on after that, and what it writes goes nowhere.
        if (await _input.Writer.WaitToWriteAsync(cancellationToken))
        {
            _input.Writer.TryWrite(data);
        }
    }
}
