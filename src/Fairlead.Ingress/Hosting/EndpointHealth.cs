using System.Collections.Concurrent;
using Fairlead.Ingress.Translate;

namespace Fairlead.Ingress.Hosting;

/// <summary>
/// Which endpoints failed of late: learnt from requests alone, nothing is probed. One that failed is passed over for ten seconds, unless all have.
/// Any thread may ask and tell.
/// </summary>
public sealed class EndpointHealth(TimeProvider time)
{
    /// <summary>How long one that failed is passed over (as nginx's fail_timeout).</summary>
    public static TimeSpan Rest { get; } = TimeSpan.FromSeconds(10);

    // Only those that failed: what was passed over long enough is taken out when it is asked about, and all such when there are many.
    private const int Many = 1024;
    private readonly ConcurrentDictionary<string, long> _failed = new(StringComparer.Ordinal);

    /// <summary>True when it has not failed of late.</summary>
    public bool IsHealthy(BackendEndpoint endpoint)
    {
        if (_failed.IsEmpty || !_failed.TryGetValue(endpoint.Authority, out var since))
        {
            return true;
        }

        if (time.GetElapsedTime(since) < Rest)
        {
            return false;
        }

        _failed.TryRemove(new(endpoint.Authority, since));
        return true;
    }

    /// <summary>It failed now.</summary>
    public void Failed(BackendEndpoint endpoint)
    {
        if (_failed.Count >= Many)
        {
            foreach (var (authority, since) in _failed.Where(pair => time.GetElapsedTime(pair.Value) >= Rest))
            {
                _failed.TryRemove(new(authority, since));
            }
        }

        _failed[endpoint.Authority] = time.GetTimestamp();
    }
}
