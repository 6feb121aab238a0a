using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Microsoft.Extensions.Logging;

namespace Fairlead.Balancer;

/// <summary>What the room says. Event ids 5000–5019.</summary>
internal static partial class BalancerLog
{
    [LoggerMessage(EventId = 5000, Level = LogLevel.Information, Message = "Answering for {Address} of Service {Service}")]
    public static partial void Answering(ILogger logger, IpAddr address, ObjectKey service);

    [LoggerMessage(EventId = 5001, Level = LogLevel.Warning, Message = "Balancer addresses cannot be announced, trying again: {Reason}")]
    public static partial void NotAnswering(ILogger logger, string reason);

    [LoggerMessage(
        EventId = 5002, Level = LogLevel.Warning,
        Message = "No link has an internal address of node {Node} in the family of {Address}: nobody answers for it")]
    public static partial void NoUplink(ILogger logger, IpAddr address, string node);

    [LoggerMessage(EventId = 5003, Level = LogLevel.Warning, Message = "Who answers for Service {Service} cannot be written on it, trying again: {Reason}")]
    public static partial void NotRecorded(ILogger logger, ObjectKey service, string reason);
}
