using Microsoft.Extensions.Logging;

namespace Fairlead.OneMachine;

/// <summary>What the supervisor says in its log. Event ids 1000–1099.</summary>
internal static partial class OneMachineLog
{
    [LoggerMessage(1002, LogLevel.Information, "started {Process}, pid {Pid}")]
    public static partial void Started(this ILogger log, string process, int pid);

    [LoggerMessage(1003, LogLevel.Warning, "{Process} ended: {How}; starting it again")]
    public static partial void Ended(this ILogger log, string process, string how);
}
