using Microsoft.Extensions.Logging;

namespace Fairlead.Policy;

internal static partial class PolicyLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Policies of {Pods} pods are in force")]
    public static partial void InForce(this ILogger logger, int pods);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Flows} connections were cut: policy allows them no longer")]
    public static partial void Cut(this ILogger logger, int flows);

    [LoggerMessage(Level = LogLevel.Error, Message = "Policies could not be put in force; what was in force stays; next try in {Delay}")]
    public static partial void CommitFailed(this ILogger logger, Exception exception, TimeSpan delay);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Somebody else has changed or removed table fairlead-policy: policies are put in force again")]
    public static partial void Drifted(this ILogger logger);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What policy drops is counted and not told: {Reason}")]
    public static partial void DropsUntold(this ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The kernel told of a dropped packet in a way that is not understood")]
    public static partial void DropUnread(this ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Connections that policy allows no longer could not be cut; this is tried again until it is done")]
    public static partial void CutFailed(this ILogger logger, Exception exception);
}
