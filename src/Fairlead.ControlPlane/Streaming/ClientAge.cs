using System.Globalization;
using Fairlead.ControlPlane.Registry;

namespace Fairlead.ControlPlane.Streaming;

/// <summary>
/// What to tell a client that asks for SPDY, which is not served. kubectl speaks WebSocket by default from 1.31 on (KEP-4006); 1.29 and 1.30 do when
/// told to. A newer one asks for SPDY only after its WebSocket request failed.
/// </summary>
internal static class ClientAge
{
    private const int FirstByDefault = 31;
    private const int FirstWhenTold = 29;
    private const string Switch = "KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true";

    public static StatusException Refuse(string protocol, string userAgent)
    {
        var minor = Minor(userAgent);
        var advice = minor switch
        {
            >= FirstByDefault => "the WebSocket request before it failed, perhaps at a proxy in between",
            >= FirstWhenTold => $"set {Switch} for this kubectl (1.{minor}), or use kubectl 1.31 or newer",
            _ => $"use kubectl 1.31 or newer, or 1.29 and 1.30 with {Switch}",
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
