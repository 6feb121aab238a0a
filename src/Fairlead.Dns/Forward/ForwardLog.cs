using System.Net;
using Microsoft.Extensions.Logging;

namespace Fairlead.Dns.Forward;

/// <summary>What is said of upstreams. Event ids 1516–1519.</summary>
internal static partial class ForwardLog
{
    [LoggerMessage(1516, LogLevel.Error, "DNS asks {Upstream} no more: it asks us what we ask it. Name a server outside of the cluster instead")]
    public static partial void LoopFound(this ILogger log, IPEndPoint upstream);

    [LoggerMessage(1517, LogLevel.Warning, "DNS upstream {Upstream} does not answer; it is asked again when it does")]
    public static partial void UpstreamDown(this ILogger log, IPEndPoint upstream);

    [LoggerMessage(1518, LogLevel.Information, "DNS upstream {Upstream} answers again")]
    public static partial void UpstreamUp(this ILogger log, IPEndPoint upstream);
}
