using Fairlead.Cluster.Model;
using Microsoft.Extensions.Logging;

namespace Fairlead.Ingress.Status;

/// <summary>What is said of Ingresses as they stand.</summary>
internal static partial class StatusLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Ingress {Ingress} is reached at {Addresses}")]
    public static partial void Reached(ILogger logger, ObjectKey ingress, string addresses);

    [LoggerMessage(Level = LogLevel.Information, Message = "Ingress {Ingress} is reached here no longer")]
    public static partial void Left(ILogger logger, ObjectKey ingress);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Ingress {Ingress}: {Reason}: {Message}")]
    public static partial void Found(ILogger logger, ObjectKey ingress, string reason, string message);
}
