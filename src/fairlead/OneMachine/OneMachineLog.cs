using System.Net;
using Microsoft.Extensions.Logging;

namespace Fairlead.OneMachine;

/// <summary>What the supervisor says in its log. Event ids 1000–1099.</summary>
internal static partial class OneMachineLog
{
    [LoggerMessage(1000, LogLevel.Debug, "DNS relay: {Reason}")]
    public static partial void RelayFailed(this ILogger log, string reason);

    [LoggerMessage(1001, LogLevel.Debug, "resolver {Resolver} did not answer: {Reason}")]
    public static partial void ResolverFailed(this ILogger log, IPEndPoint resolver, string reason);

    [LoggerMessage(1002, LogLevel.Information, "started {Process}, pid {Pid}")]
    public static partial void Started(this ILogger log, string process, int pid);

    [LoggerMessage(1003, LogLevel.Warning, "{Process} ended: {How}; starting it again")]
    public static partial void Ended(this ILogger log, string process, string how);
}
