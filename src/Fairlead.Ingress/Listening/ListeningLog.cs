using System.Net;
using Microsoft.Extensions.Logging;

namespace Fairlead.Ingress.Listening;

internal static partial class ListeningLog
{
    [LoggerMessage(EventId = 1660, Level = LogLevel.Debug, Message = "A connection of {Peer} was ended: {Fault}")]
    public static partial void NoProxyHeader(ILogger logger, IPEndPoint peer, string fault);
}
