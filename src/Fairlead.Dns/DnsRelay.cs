using System.Net;
using System.Net.Sockets;
using Fairlead.Dns.Chain;
using Fairlead.Dns.Config;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Server;
using Fairlead.Linux.Namespaces;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Dns;

/// <summary>A server without zones: it asks its upstreams everything. The host runs it, so that nodes reach the host's resolvers.</summary>
/// <param name="upstreams">Who is asked, in this order; null: the name servers of the host's resolv.conf, whatever they are at the time.</param>
/// <param name="time">Clock.</param>
public sealed class DnsRelay(IReadOnlyList<IPEndPoint>? upstreams, TimeProvider time)
{
    private readonly Func<IReadOnlyList<IPEndPoint>> _upstreams = upstreams is null ? new HostUpstreams(time).Current : () => upstreams;

    /// <summary>As the other, asking whoever <paramref name="upstreams"/> names at the time.</summary>
    internal DnsRelay(Func<IReadOnlyList<IPEndPoint>> upstreams, TimeProvider time)
        : this([], time) => _upstreams = upstreams;

    /// <summary>What it has done.</summary>
    public DnsCounters Counters { get; } = new();

    /// <summary>Where it tells what it cannot do.</summary>
    public ILogger Log { get; init; } = NullLogger.Instance;

    /// <summary>Where to ask from; null: the namespace the process runs in.</summary>
    internal NetNamespace? Namespace { get; init; }

    /// <summary>Serves the sockets until cancelled; they stay the caller's.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task RunAsync(IReadOnlyList<Socket> sockets, CancellationToken cancellationToken)
    {
        using var forwarder = new Forwarder(ForwardOptions.Host, new CacheOptions(), _upstreams, time, Counters) { Namespace = Namespace };
        var handler = new DnsHandler(DnsChains.Of(null, forwarder), Counters);
        return new DnsServer(handler, time, Counters, Log).RunAsync(sockets, cancellationToken);
    }
}
