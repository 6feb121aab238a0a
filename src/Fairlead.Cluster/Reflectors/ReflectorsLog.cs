using Fairlead.Cluster.Model;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cluster.Reflectors;

/// <summary>What the row readers say. Event ids 1120–1129.</summary>
internal static partial class ReflectorsLog
{
    [LoggerMessage(1120, LogLevel.Warning, "{Kind} {Key} is left out: {Reason}")]
    public static partial void RowUnreadable(this ILogger log, string kind, ObjectKey key, string reason);

    [LoggerMessage(1121, LogLevel.Information, "{Kind} cannot be read, there are none until they can; {Consequence}: {Reason}")]
    public static partial void NotServed(this ILogger log, string kind, string consequence, string reason);

    [LoggerMessage(1122, LogLevel.Information, "{Kind} are not known yet: {Reason}")]
    public static partial void NotKnownYet(this ILogger log, string kind, string reason);
}
