using System.Globalization;
using Fairlead.ControlPlane.Registry;

namespace Fairlead.ControlPlane.Streaming;

/// <summary>
/// What to tell a client that asks for SPDY, which is not served. kubectl speaks WebSocket by default from 1.30 on (KEP-4006, and
/// as 1.30.13 was seen to); 1.29 does when told to. A newer one asks for SPDY only after its WebSocket request failed.
/// </summary>
internal static class ClientAge
{
    private const int FirstByDefault = 30;
    private const int FirstWhenTold = 29;
    private const string Switch = "KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true";

    public static StatusException Refuse(string protocol, string userAgent)
    {
        var minor = Minor(userAgent);
        var advice = minor switch
        {
            >= FirstByDefault => "the WebSocket request before it failed, perhaps at a proxy in between",
            >= FirstWhenTold => $"use kubectl 1.30 or newer, or set {Switch} for this one (1.{minor})",
            _ => $"use kubectl 1.30 or newer, or 1.29 with {Switch}",
        };
        return new StatusException(
            400, "BadRequest", $"exec and attach are served over WebSocket (v5.channel.k8s.io) only, not over {(protocol.Length > 0 ? protocol : "SPDY/3.1")}: {advice}");
    }

    /// <summary>The minor version of kubectl, or 0 for other clients.</summary>
    private static int Minor(string userAgent)
    {
        const string Prefix = "kubectl/v1.";
        if (!userAgent.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return 0;
        }

        var rest = userAgent.AsSpan(Prefix.Length);
        var length = rest.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(length < 0 ? rest : rest[..length], NumberStyles.None, CultureInfo.InvariantCulture, out var minor) ? minor : 0;
    }
}
