using Fairlead.Cluster.Model;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cluster.Reflectors;

/// <summary>What the row readers say. Event ids 1120–1129.</summary>
internal static partial class ReflectorsLog
{
    [LoggerMessage(1120, LogLevel.Warning, "{Kind} {Key} is left out: {Reason}")]
    public static partial void RowUnreadable(this ILogger log, string kind, ObjectKey key, string reason);

    [LoggerMessage(1121, LogLevel.Information, "ServiceCIDRs cannot be read: the Services' ranges are those of --service-range alone: {Reason}")]
    public static partial void NoServiceCidrs(this ILogger log, string reason);

    [LoggerMessage(1122, LogLevel.Information, "ServiceCIDRs are not known yet: {Reason}")]
    public static partial void ServiceCidrsUnknown(this ILogger log, string reason);
}
