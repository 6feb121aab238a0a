using Microsoft.Extensions.Logging;

namespace Fairlead.Kube.Watch;

/// <summary>What reflectors say. Event ids 1100–1119.</summary>
internal static partial class WatchLog
{
    [LoggerMessage(1100, LogLevel.Information, "{Kind}: revision {Revision} is gone; listing anew")]
    public static partial void ReflectorExpired(this ILogger log, string kind, string revision);

    [LoggerMessage(1101, LogLevel.Warning, "{Kind}: {Reason}; trying again")]
    public static partial void ReflectorFailed(this ILogger log, string kind, string reason);
}
