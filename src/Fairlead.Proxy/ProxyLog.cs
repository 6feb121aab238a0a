using Microsoft.Extensions.Logging;

namespace Fairlead.Proxy;

/// <summary>What the room logs. Events 2000 to 2099.</summary>
internal static partial class ProxyLog
{
    [LoggerMessage(2000, LogLevel.Information, "services: {Frontends} frontends in the kernel after {Milliseconds} ms")]
    public static partial void Started(this ILogger logger, int frontends, long milliseconds);

    [LoggerMessage(2001, LogLevel.Debug, "services: {Frontends} frontends changed, committed in {Milliseconds} ms")]
    public static partial void Committed(this ILogger logger, int frontends, long milliseconds);

    [LoggerMessage(2002, LogLevel.Error, "services: the kernel did not take a change: {Reason}. The table is read back and tried again in {Delay}")]
    public static partial void CommitFailed(this ILogger logger, string reason, TimeSpan delay);

    [LoggerMessage(2003, LogLevel.Warning, "services: the table in the kernel was not as committed; it is put right. {Objects}")]
    public static partial void Drifted(this ILogger logger, string objects);

    [LoggerMessage(2004, LogLevel.Debug, "services: {Count} UDP flows to endpoints that are gone were deleted")]
    public static partial void FlowsDeleted(this ILogger logger, int count);

    [LoggerMessage(2007, LogLevel.Warning, "services: the kernel parameter {Name} cannot be set to {Value}: {Reason}")]
    public static partial void NotSet(this ILogger logger, string name, string value, string reason);

    [LoggerMessage(2006, LogLevel.Warning, "services: {Service}: {Text}")]
    public static partial void NotServed(this ILogger logger, ObjectKey service, string text);

    [LoggerMessage(2005, LogLevel.Warning, "services: UDP flows to endpoints that are gone could not be deleted: {Reason}")]
    public static partial void FlowsNotDeleted(this ILogger logger, string reason);
}
