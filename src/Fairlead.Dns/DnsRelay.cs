using System.Net;
using System.Net.Sockets;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Server;

namespace Fairlead.Dns;

/// <summary>A server without zones: it asks its upstreams everything. The host runs it, so that nodes reach the host's resolvers.</summary>
public sealed class DnsRelay(IReadOnlyList<IPEndPoint> upstreams, TimeProvider time)
{
    /// <summary>What it has done.</summary>
    public DnsCounters Counters { get; } = new();

    /// <summary>Serves the sockets until cancelled; they stay the caller's.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task RunAsync(IReadOnlyList<Socket> sockets, CancellationToken cancellationToken)
    {
        var handler = new DnsHandler(null, new Forwarder(upstreams, time, Counters), Counters);
        return new DnsServer(handler, time, Counters).RunAsync(sockets, cancellationToken);
    }
}
