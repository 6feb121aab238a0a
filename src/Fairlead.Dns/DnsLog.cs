using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Microsoft.Extensions.Logging;

namespace Fairlead.Dns;

/// <summary>What the DNS room says. Event ids 1500–1519.</summary>
internal static partial class DnsLog
{
    [LoggerMessage(1500, LogLevel.Information, "DNS serves {Addresses} port {Port}")]
    public static partial void Serving(this ILogger log, string addresses, int port);

    [LoggerMessage(1501, LogLevel.Information, "DNS serves {Count} sockets it was started with")]
    public static partial void ServingInherited(this ILogger log, int count);

    [LoggerMessage(1502, LogLevel.Error, "DNS cannot serve {Address} port {Port}, trying again in {Seconds} s: {Reason}")]
    public static partial void BindFailed(this ILogger log, IpAddr address, int port, int seconds, string reason);

    [LoggerMessage(1503, LogLevel.Information, "DNS waits for Service {Service}: its cluster address is where it serves")]
    public static partial void WaitingForService(this ILogger log, ObjectKey service);

    [LoggerMessage(1510, LogLevel.Information, "{Query}")]
    public static partial void Query(this ILogger log, string query);

    [LoggerMessage(1504, LogLevel.Error, "DNS cannot accept TCP connections at {Address}, trying on: {Reason}")]
    public static partial void AcceptFails(this ILogger log, string address, string reason);

    [LoggerMessage(1505, LogLevel.Information, "DNS answers as ConfigMap {Key} says; without effect: [{Warnings}]")]
    public static partial void CorefileApplied(this ILogger log, ObjectKey key, string warnings);

    [LoggerMessage(1506, LogLevel.Error, "DNS does not understand ConfigMap {Key} and goes on as before: {Errors}")]
    public static partial void CorefileRejected(this ILogger log, ObjectKey key, string errors);

    [LoggerMessage(1507, LogLevel.Information, "DNS finds no ConfigMap {Key} and answers by its own configuration")]
    public static partial void NoCorefile(this ILogger log, ObjectKey key);
}
