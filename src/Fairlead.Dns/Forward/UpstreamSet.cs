using System.Net;
using Fairlead.Dns.Config;

namespace Fairlead.Dns.Forward;

/// <summary>
/// The upstreams of a forwarder as they are at the time. One that stays, while those beside it change, keeps its connections and what is known of it.
/// </summary>
internal sealed class UpstreamSet : IDisposable
{
    private const int MostUpstreams = 15;
    private const int TlsPort = 853;

    // Every answer from the cache asks who the upstreams are; none of them changes faster than a person types.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly ForwardOptions _options;
    private readonly UpstreamContext _context;
    private readonly IReadOnlyList<Func<IReadOnlyList<IPEndPoint>>> _sources;
    private readonly Action _changed;
    private readonly Lock _gate = new();
    private Snapshot _now;
    private long _checked;

    /// <param name="host">The host's resolvers.</param>
    /// <param name="context">What the upstreams share.</param>
    /// <param name="changed">Called when they are others than before.</param>
    public UpstreamSet(Func<IReadOnlyList<IPEndPoint>> host, UpstreamContext context, Action changed)
    {
        (_options, _context, _changed) = (context.Options, context, changed);
        _sources = [.. _options.To.Select(target => SourceOf(target, host, context.Time))];
        _now = new Snapshot([.. _sources.Select(source => source())], []);
        _now = _now with { Upstreams = Build(_now.Addresses, []) };
        _checked = context.Time.GetTimestamp();
    }

    /// <summary>Those of the last time that <see cref="Current"/> was asked.</summary>
    public Upstream[] Known => Volatile.Read(ref _now).Upstreams;

    /// <summary>Those of now, in the order of the options, at most 15. A change is seen within a second.</summary>
    public Upstream[] Current()
    {
        var now = Volatile.Read(ref _now);
        if (_context.Time.GetElapsedTime(Volatile.Read(ref _checked)) < Interval)
        {
            return now.Upstreams;
        }

        Volatile.Write(ref _checked, _context.Time.GetTimestamp());
        for (var i = 0; i < _sources.Count; i++)
        {
            var addresses = _sources[i]();
            if (!ReferenceEquals(addresses, now.Addresses[i]) && !addresses.SequenceEqual(now.Addresses[i]))
            {
                return Renew();
            }
        }

        return now.Upstreams;
    }

    /// <summary>Whether these are the upstreams of now.</summary>
    public bool IsCurrent(Upstream[] upstreams) => ReferenceEquals(upstreams, Volatile.Read(ref _now).Upstreams);

    public void Dispose()
    {
        foreach (var upstream in _now.Upstreams)
        {
            upstream.Dispose();
        }
    }

    private static Func<IReadOnlyList<IPEndPoint>> SourceOf(ForwardTarget target, Func<IReadOnlyList<IPEndPoint>> host, TimeProvider time)
    {
        if (target.Address is { } address)
        {
            IReadOnlyList<IPEndPoint> one = [address];
            return () => one;
        }

        return target.File == HostResolvers.ResolvConf ? host : new HostUpstreams(time, target.File).Current;
    }

    private Upstream[] Renew()
    {
        lock (_gate)
        {
            var before = _now;
            IReadOnlyList<IPEndPoint>[] addresses = [.. _sources.Select(source => source())];
            if (addresses.Zip(before.Addresses).All(pair => pair.First.SequenceEqual(pair.Second)))
            {
                return before.Upstreams;
            }

            var upstreams = Build(addresses, before.Upstreams);
            Volatile.Write(ref _now, new Snapshot(addresses, upstreams));
            _changed();
            foreach (var gone in before.Upstreams.Except(upstreams))
            {
                gone.Dispose();
            }

            return upstreams;
        }
    }

    private Upstream[] Build(IReadOnlyList<IPEndPoint>[] addresses, Upstream[] before) =>
    [
        .. addresses.Zip(_options.To, (list, target) => list.Select(address => (
                Address: target.Address is null && target.Tls ? new IPEndPoint(address.Address, TlsPort) : address,
                target.Tls)))
            .SelectMany(list => list)
            .Distinct()
            .Take(MostUpstreams)
            .Select(key => before.FirstOrDefault(one => one.Address.Equals(key.Address) && one.IsTls == key.Tls) ?? new Upstream(key.Address, key.Tls, _context)),
    ];

    private sealed record Snapshot(IReadOnlyList<IPEndPoint>[] Addresses, Upstream[] Upstreams);
}
