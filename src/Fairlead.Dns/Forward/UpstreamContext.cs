using System.Net.Sockets;
using Fairlead.Dns.Config;
using Fairlead.Linux.Namespaces;
using Microsoft.Extensions.Logging;

namespace Fairlead.Dns.Forward;

/// <summary>What all upstreams of a forwarder share.</summary>
internal sealed record UpstreamContext(ForwardOptions Options, TimeProvider Time, ForwardCounters Counters)
{
    /// <summary>Where to ask from; null: the namespace the process runs in.</summary>
    public NetNamespace? Namespace { get; init; }

    public required ILogger Log { get; init; }

    public Socket Open(AddressFamily family, SocketType type)
    {
        Socket New() => new(family, type, ProtocolType.Unspecified);
        return Namespace is null ? New() : Namespace.Run(New);
    }
}
