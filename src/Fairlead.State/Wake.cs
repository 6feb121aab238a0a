using System.Threading.Channels;

namespace Fairlead.State;

/// <summary>
/// A doorbell for one waiting loop: any number of rings before the loop answers are one.
/// Join several feeds to one doorbell with <c>feed.Signalled += wake.Ring</c>.
/// </summary>
public sealed class Wake
{
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true, SingleWriter = false });

    /// <summary>Wakes the loop, now or when it next waits. Never blocks.</summary>
    public void Ring() => _bell.Writer.TryWrite(true);

    /// <summary>Waits for a ring and answers it.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken) => await _bell.Reader.ReadAsync(cancellationToken);
}
