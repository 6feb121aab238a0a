namespace Fairlead.Nftables;

/// <summary>
/// Says when to read a table of ours back because somebody else may have changed it: as soon as others have committed something, and from time to time
/// in case that went unheard. For one loop, which <c>ring</c> wakes.
/// </summary>
public sealed class DriftWatch : IDisposable
{
    /// <summary>How often to look without a reason.</summary>
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(30);

    // Somebody who commits without end must not have us read a large table without end.
    private const int RestPerReading = 10;

    private readonly INft _nft;
    private readonly TimeProvider _time;
    private readonly Action _ring;
    private readonly TimeSpan _interval;
    private readonly ITimer _timer;
    private volatile bool _due;
    private uint? _settled;
    private long _lastReading;
    private TimeSpan _rest;

    /// <summary>Watches from now on.</summary>
    /// <param name="nft">The filter that holds the table.</param>
    /// <param name="time">For the interval and for rests.</param>
    /// <param name="ring">Wakes the loop that then calls <see cref="CheckAsync"/>; any thread.</param>
    /// <param name="interval">How often to look without a reason; null: <see cref="DefaultInterval"/>.</param>
    public DriftWatch(INft nft, TimeProvider time, Action ring, TimeSpan? interval = null)
    {
        (_nft, _time, _ring, _interval) = (nft, time, ring, interval ?? DefaultInterval);
        _nft.ChangedByOthers += Look;
        _timer = time.CreateTimer(_ => Look(), null, _interval, _interval);
    }

    /// <summary>
    /// Calls <paramref name="repair"/> when a look is due and others have committed anything since the table was last found right: a node whose Services
    /// change all the time does not read them all back for that. After a long reading it rests ten times as long, at most the interval.
    /// </summary>
    /// <param name="repair">Reads the table back; true when it was not what it should be.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What <paramref name="repair"/> returned; false when it was not called.</returns>
    /// <exception cref="NftException">The filter does not answer, or what <paramref name="repair"/> throws; the next call looks again.</exception>
    public async Task<bool> CheckAsync(Func<CancellationToken, Task<bool>> repair, CancellationToken cancellationToken)
    {
        if (!_due)
        {
            return false;
        }

        if (_rest - _time.GetElapsedTime(_lastReading) is { Ticks: > 0 } rest)
        {
            _timer.Change(rest, _interval);
            return false;
        }

        _due = false;
        var done = false;
        try
        {
            // A number read before the table cannot hide a change made while it was read.
            var generation = await _nft.GenerationOfOthersAsync(cancellationToken);
            var repaired = generation != _settled && await RepairAsync(repair, cancellationToken);
            _settled = repaired ? null : generation;
            done = true;
            return repaired;
        }
        finally
        {
            // Never written back when all went well: a look may have become due since.
            if (!done)
            {
                _due = true;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _nft.ChangedByOthers -= Look;
        _timer.Dispose();
    }

    private async Task<bool> RepairAsync(Func<CancellationToken, Task<bool>> repair, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var repaired = await repair(cancellationToken);
        _lastReading = _time.GetTimestamp();
        var rest = _time.GetElapsedTime(started, _lastReading) * RestPerReading;
        _rest = rest < _interval ? rest : _interval;
        return repaired;
    }

    private void Look()
    {
        _due = true;
        _ring();
    }
}
