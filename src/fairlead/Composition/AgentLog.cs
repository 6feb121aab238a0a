using Fairlead.Cluster.Model;
using Microsoft.Extensions.Logging;

namespace Fairlead.Composition;

/// <summary>What the agent and the ingress role themselves say; their rooms say the rest. Event ids 1140–1149.</summary>
internal static partial class AgentLog
{
    [LoggerMessage(1140, LogLevel.Information, "Agent of node {Node}, API server {Server}")]
    public static partial void Starting(this ILogger log, string node, Uri server);

    [LoggerMessage(1141, LogLevel.Warning, "{Finding}")]
    public static partial void BesideOthers(this ILogger log, string finding);

    [LoggerMessage(1142, LogLevel.Warning, "{Kind} {Policy}: {Message}")]
    public static partial void PolicyNotUnderstood(this ILogger log, string kind, ObjectKey policy, string message);

    [LoggerMessage(1143, LogLevel.Information, "Ingress of controller {Controller}, API server {Server}")]
    public static partial void StartingIngress(this ILogger log, string controller, Uri server);
}
