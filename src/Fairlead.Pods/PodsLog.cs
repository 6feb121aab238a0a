using Microsoft.Extensions.Logging;

namespace Fairlead.Pods;

/// <summary>What the pods role says. Event ids 5000–5099.</summary>
internal static partial class PodsLog
{
    [LoggerMessage(5000, LogLevel.Warning, "stand-in of {Namespace}/{Pod}: {Reason}")]
    public static partial void StandInFailed(this ILogger log, string @namespace, string pod, string reason);

    [LoggerMessage(5001, LogLevel.Debug, "stand-in of {Namespace}/{Pod}: connection ended: {Reason}")]
    public static partial void StandInConnectionEnded(this ILogger log, string @namespace, string pod, string reason);

    [LoggerMessage(5002, LogLevel.Warning, "pod {Pod}: {Reason}; trying again")]
    public static partial void PodFailed(this ILogger log, string pod, string reason);

    [LoggerMessage(5003, LogLevel.Warning, "pod {Pod}: status not written: {Reason}; trying again")]
    public static partial void StatusFailed(this ILogger log, string pod, string reason);

    [LoggerMessage(5004, LogLevel.Debug, "event of {Pod} not written: {Reason}")]
    public static partial void EventFailed(this ILogger log, string pod, string reason);

    [LoggerMessage(5005, LogLevel.Warning, "node {Node}: {Reason}; trying again")]
    public static partial void NodeFailed(this ILogger log, string node, string reason);

    [LoggerMessage(5006, LogLevel.Information, "pod {Pod}: {What}")]
    public static partial void PodSays(this ILogger log, string pod, string what);

    [LoggerMessage(5007, LogLevel.Warning, "stream {Path}: {Reason}")]
    public static partial void StreamFailed(this ILogger log, string path, string reason);

    [LoggerMessage(5008, LogLevel.Warning, "log of container {Container}: {Reason}")]
    public static partial void OutputFailed(this ILogger log, string container, string reason);

    [LoggerMessage(5009, LogLevel.Warning, "left over pod {Directory}: {Reason}")]
    public static partial void LeftoverFailed(this ILogger log, string directory, string reason);

    [LoggerMessage(5010, LogLevel.Warning, "orphaned process {Pid}: how it ended is not kept: {Reason}")]
    public static partial void OrphanFailed(this ILogger log, int pid, string reason);

    [LoggerMessage(5011, LogLevel.Warning, "memory limit of container {Container} of {Pod}: {Reason}")]
    public static partial void MemoryLimitFailed(this ILogger log, string container, string pod, string reason);

    [LoggerMessage(5050, LogLevel.Warning, "pod {Pod}: its service account token could not be renewed: {Reason}; trying again")]
    public static partial void TokenFailed(this ILogger log, string pod, string reason);
}
