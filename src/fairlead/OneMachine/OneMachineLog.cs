using Microsoft.Extensions.Logging;

namespace Fairlead.OneMachine;

/// <summary>What the supervisor says in its log. Event ids 1000–1099.</summary>
internal static partial class OneMachineLog
{
    [LoggerMessage(1002, LogLevel.Information, "started {Process}, pid {Pid}")]
    public static partial void Started(this ILogger log, string process, int pid);

    [LoggerMessage(1003, LogLevel.Warning, "{Process} ended: {How}; starting it again")]
    public static partial void Ended(this ILogger log, string process, string how);

    [LoggerMessage(1010, LogLevel.Warning, "somebody else has changed or removed table {Table}: it is written anew")]
    public static partial void TableRepaired(this ILogger log, string table);

    [LoggerMessage(1011, LogLevel.Warning, "somebody else has taken from the host: {Missing}; making it anew")]
    public static partial void HostRepaired(this ILogger log, string missing);

    [LoggerMessage(1012, LogLevel.Error, "the host's side of the network could not be repaired; trying again in {Seconds} s")]
    public static partial void RepairFailed(this ILogger log, Exception exception, double seconds);

    [LoggerMessage(1013, LogLevel.Warning, "{Reason}")]
    public static partial void TableIsForeign(this ILogger log, string reason);
}
