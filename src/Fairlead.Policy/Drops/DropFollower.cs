using System.Threading.Channels;

namespace Fairlead.Policy.Drops;

/// <summary>Gets each new record. One that does not keep up misses some, and is told how many.</summary>
public sealed class DropFollower : IDisposable
{
    /// <summary>Records that wait for a slow reader.</summary>
    public const int Queue = 1024;

    private readonly Channel<(DropRecord Record, long Missed)> _records =
        Channel.CreateBounded<(DropRecord, long)>(new BoundedChannelOptions(Queue) { SingleReader = true });

    private readonly Action<DropFollower> _remove;
    private long _missed;

    internal DropFollower(Action<DropFollower> remove) => _remove = remove;

    /// <summary>Waits for the next record; <c>Missed</c> are those before it that there was no room for.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public ValueTask<(DropRecord Record, long Missed)> NextAsync(CancellationToken cancellationToken) => _records.Reader.ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _remove(this);

    /// <summary>Under the ring's lock.</summary>
    internal void Take(DropRecord record) => _missed = _records.Writer.TryWrite((record, _missed)) ? 0 : _missed + 1;
}
