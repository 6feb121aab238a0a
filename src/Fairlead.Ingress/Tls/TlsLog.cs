using Fairlead.Cluster.Model;
using Microsoft.Extensions.Logging;

namespace Fairlead.Ingress.Tls;

internal static partial class TlsLog
{
    [LoggerMessage(EventId = 1650, Level = LogLevel.Information, Message = "Secret {Secret} serves {Certificate}, valid until {NotAfter}")]
    public static partial void Serves(ILogger logger, ObjectKey secret, ServerCertificate certificate, DateTimeOffset notAfter);

    [LoggerMessage(EventId = 1651, Level = LogLevel.Warning, Message = "Secret {Secret}: {Problem}")]
    public static partial void Problem(ILogger logger, ObjectKey secret, string problem);
}
