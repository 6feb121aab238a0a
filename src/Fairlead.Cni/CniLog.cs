using Fairlead.Cluster.Model;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cni;

/// <summary>What the CNI room says. Event ids 2100–2199.</summary>
internal static partial class CniLog
{
    [LoggerMessage(2100, LogLevel.Information, "Pod {Pod} plugged: {Addresses} by {Link}")]
    public static partial void Plugged(this ILogger log, ObjectKey pod, string addresses, string link);

    [LoggerMessage(2101, LogLevel.Information, "Pod {Pod} unplugged: {Addresses} given back")]
    public static partial void Unplugged(this ILogger log, ObjectKey pod, string addresses);

    [LoggerMessage(2102, LogLevel.Warning, "{Command} of container {ContainerId} failed with code {Code}: {Reason}")]
    public static partial void Refused(this ILogger log, string command, string containerId, int code, string reason);

    [LoggerMessage(2103, LogLevel.Error, "A CNI request could not be served")]
    public static partial void RequestFailed(this ILogger log, Exception exception);

    [LoggerMessage(2104, LogLevel.Information, "Adopted {Count} pods of an earlier run")]
    public static partial void Adopted(this ILogger log, int count);

    [LoggerMessage(2105, LogLevel.Warning, "Pod {Pod} of an earlier run could not be repaired: {Reason}")]
    public static partial void RepairFailed(this ILogger log, ObjectKey pod, string reason);

    [LoggerMessage(2106, LogLevel.Warning, "No route to the pods of another node: {Reason}. Trying again in {Seconds} s")]
    public static partial void RouteFailed(this ILogger log, string reason, double seconds);

    [LoggerMessage(2107, LogLevel.Error, "The node's network could not be brought up to date. Trying again in {Seconds} s")]
    public static partial void SyncFailed(this ILogger log, Exception exception, double seconds);

    [LoggerMessage(2108, LogLevel.Information, "Plugin and configuration installed: {Path}")]
    public static partial void Installed(this ILogger log, string path);

    [LoggerMessage(2109, LogLevel.Warning, "The container runtime will use {Other} instead of {Ours}: its name sorts first")]
    public static partial void OtherConfigurationFirst(this ILogger log, string other, string ours);

    [LoggerMessage(2110, LogLevel.Information, "Pod ranges of this node: {Ranges}")]
    public static partial void RangesKnown(this ILogger log, string ranges);

    [LoggerMessage(2111, LogLevel.Information, "Waiting for {What}")]
    public static partial void Waiting(this ILogger log, string what);

    [LoggerMessage(2112, LogLevel.Warning, "Somebody else has changed or removed table fairlead-pods: it is written anew")]
    public static partial void TableRepaired(this ILogger log);

    [LoggerMessage(2113, LogLevel.Warning, "Somebody else has taken the route to pod {Pod}, or set {Link} down: it is back")]
    public static partial void RoutesRepaired(this ILogger log, ObjectKey pod, string link);

    [LoggerMessage(2114, LogLevel.Error, "What others changed on this node could not be repaired. Trying again in {Seconds} s")]
    public static partial void RepairOfNodeFailed(this ILogger log, Exception exception, double seconds);

    [LoggerMessage(2115, LogLevel.Warning, "No pod is plugged here, so the book of their addresses begins anew; what was found is kept as {Aside}: {Reason}")]
    public static partial void BookPutAside(this ILogger log, string aside, string reason);
}
