using System.Net;
using Microsoft.Extensions.Logging;

namespace Fairlead.Serving;

/// <summary>What the agent's HTTP endpoints log. Events 1100 to 1199.</summary>
internal static partial class ServingLog
{
    [LoggerMessage(1100, LogLevel.Information, "Serving {Endpoint}")]
    public static partial void Serving(this ILogger logger, EndPoint endpoint);

    [LoggerMessage(1101, LogLevel.Warning, "Cannot listen on {Endpoint}: {Reason}. Trying again every 5 s; traffic is not concerned")]
    public static partial void CannotListen(this ILogger logger, EndPoint endpoint, string reason);
}
