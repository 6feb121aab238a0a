using Fairlead.Cluster.Model;
using Fairlead.Ingress.Translate;
using Fairlead.Linux.Addresses;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Ingress.Behaviours;

/// <summary>
/// Holds each client of each Ingress to its limit-connections, limit-rpm and limit-rps, in this order, and answers 503 beyond, as nginx does by default.
/// A rate is a bucket that holds the rate times the burst multiplier and one more, filled at the rate: what nginx's <c>limit_req ... nodelay</c> lets pass.
/// Clients are IPv4 addresses and IPv6 networks of /64, of which one subscriber has all.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="mostClients">How many clients are remembered; beyond, the one not seen for longest is forgotten, one with open requests last.</param>
public sealed class RateLimiter(TimeProvider time, int mostClients = RateLimiter.MostClients)
{
    /// <summary>How many clients are remembered when nobody says how many: some 20 MB of them.</summary>
    public const int MostClients = 100_000;

    // How many with open requests are passed over for one without, before one is forgotten all the same: forgetting costs no more than this.
    private const int MostPassedOver = 8;
    private const double PerMinute = 1.0 / 60;

    private readonly Lock _lock = new();
    private readonly Dictionary<(ObjectKey Ingress, IpAddr Client), LinkedListNode<Client>> _clients = [];
    private readonly LinkedList<Client> _byUse = [];

    /// <summary>How many clients are remembered now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _clients.Count;
            }
        }
    }

    /// <summary>Answers a request that is one too many; false: it may go on, and <paramref name="lease"/> is to be disposed when it ends.</summary>
    public bool Answer(HttpContext context, Route route, IpAddr client, out RateLease lease)
    {
        lease = default;
        client = client.Unmapped();
        if (route.Options.Limits is not { } limits || limits.Exempt.Holds(client))
        {
            return false;
        }

        lock (_lock)
        {
            var state = Find((route.Ingress, client.IsV4 || client.IsNone ? client : new IpNet(client, 64).Address));
            if (state.TryTake(limits, time))
            {
                state.Open++;
                lease = new RateLease(this, state);
                return false;
            }
        }

        return context.Response.Answered(StatusCodes.Status503ServiceUnavailable);
    }

    internal void Release(Client client)
    {
        lock (_lock)
        {
            client.Open--;
        }
    }

    private Client Find((ObjectKey Ingress, IpAddr Client) key)
    {
        if (_clients.TryGetValue(key, out var node))
        {
            _byUse.Remove(node);
            _byUse.AddLast(node);
            return node.Value;
        }

        for (var passed = 0; _clients.Count >= mostClients;)
        {
            var oldest = _byUse.First!;
            _byUse.Remove(oldest);
            if (oldest.Value.Open > 0 && passed++ < MostPassedOver)
            {
                _byUse.AddLast(oldest);
                continue;
            }

            _clients.Remove(oldest.Value.Key);
        }

        node = _byUse.AddLast(new Client(key, time.GetTimestamp()));
        _clients.Add(key, node);
        return node.Value;
    }

    /// <summary>What is known of a client.</summary>
    internal sealed class Client((ObjectKey Ingress, IpAddr Client) key, long since)
    {
        // What is missing in each bucket: an empty state is a full bucket, whatever its size.
        private double _missingOfMinute;
        private double _missingOfSecond;
        private long _since = since;

        public (ObjectKey Ingress, IpAddr Client) Key { get; } = key;

        /// <summary>Requests that have not ended.</summary>
        public int Open { get; set; }

        public bool TryTake(RateLimits limits, TimeProvider time)
        {
            var now = time.GetTimestamp();
            var seconds = time.GetElapsedTime(_since, now).TotalSeconds;
            _since = now;
            _missingOfMinute = Math.Max(0, _missingOfMinute - (seconds * limits.PerMinute * PerMinute));
            _missingOfSecond = Math.Max(0, _missingOfSecond - (seconds * limits.PerSecond));
            if ((limits.Connections > 0 && Open >= limits.Connections)
                || IsEmpty(_missingOfMinute, limits.PerMinute, limits.BurstMultiplier) || IsEmpty(_missingOfSecond, limits.PerSecond, limits.BurstMultiplier))
            {
                return false;
            }

            _missingOfMinute += limits.PerMinute > 0 ? 1 : 0;
            _missingOfSecond += limits.PerSecond > 0 ? 1 : 0;
            return true;
        }

        private static bool IsEmpty(double missing, int rate, int multiplier) => rate > 0 && missing > (double)rate * multiplier;
    }
}

/// <summary>A request that is counted until this is disposed, once.</summary>
public readonly struct RateLease : IDisposable
{
    private readonly RateLimiter? _limiter;
    private readonly RateLimiter.Client? _client;

    internal RateLease(RateLimiter limiter, RateLimiter.Client client)
    {
        (_limiter, _client) = (limiter, client);
    }

    /// <inheritdoc/>
    public void Dispose() => _limiter?.Release(_client!);
}
