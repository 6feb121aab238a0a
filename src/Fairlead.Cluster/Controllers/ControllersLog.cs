using Fairlead.Cluster.Model;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cluster.Controllers;

internal static partial class ControllersLog
{
    [LoggerMessage(EventId = 4000, Level = LogLevel.Debug, Message = "{Controller}: {Key} is tried again: {Reason}")]
    public static partial void LostRace(ILogger logger, string controller, object key, string reason);

    [LoggerMessage(EventId = 4001, Level = LogLevel.Warning, Message = "{Controller}: {Key} failed and is tried again")]
    public static partial void Failed(ILogger logger, Exception exception, string controller, object key);

    [LoggerMessage(EventId = 4002, Level = LogLevel.Information, Message = "Event {Reason} on {Kind} {Key} was not stored: {Why}")]
    public static partial void EventLost(ILogger logger, string reason, string kind, ObjectKey key, string why);
}
