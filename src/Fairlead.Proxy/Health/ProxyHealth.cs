namespace Fairlead.Proxy.Health;

/// <summary>
/// Whether the kernel keeps up with the cluster: healthy as long as no change has been waiting for longer than <see cref="Limit"/>, as kube-proxy judges itself.
/// Any thread may ask.
/// </summary>
public sealed class ProxyHealth(TimeProvider time, TimeSpan limit)
{
    private readonly Lock _gate = new();
    private DateTimeOffset? _updated;
    private DateTimeOffset? _waiting;

    /// <summary>How long a change may wait.</summary>
    public TimeSpan Limit => limit;

    /// <summary>When the kernel last held all that the cluster said; null before the first time.</summary>
    public DateTimeOffset? LastUpdated
    {
        get
        {
            lock (_gate)
            {
                return _updated;
            }
        }
    }

    /// <summary>The kernel has been brought up to date once and has not fallen behind since.</summary>
    public bool IsHealthy
    {
        get
        {
            lock (_gate)
            {
                return _updated is not null && (_waiting is null || time.GetUtcNow() - _waiting < limit);
            }
        }
    }

    /// <summary>A change waits from now on, unless one waits already.</summary>
    internal void Queued()
    {
        lock (_gate)
        {
            _waiting ??= time.GetUtcNow();
        }
    }

    /// <summary>Nothing waits any more.</summary>
    internal void Updated()
    {
        lock (_gate)
        {
            (_updated, _waiting) = (time.GetUtcNow(), null);
        }
    }
}
