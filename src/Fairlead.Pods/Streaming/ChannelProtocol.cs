namespace Fairlead.Pods.Streaming;

/// <summary>
/// The WebSocket subprotocols of Kubernetes' remote command: each message is one channel byte and its data (k8s.io/apimachinery
/// remotecommand constants; KEP-4006 for version 5, which adds the closing of a channel).
/// </summary>
internal static class ChannelProtocol
{
    internal const byte Stdin = 0;
    internal const byte Stdout = 1;
    internal const byte Stderr = 2;
    internal const byte Status = 3;
    internal const byte Resize = 4;
    internal const byte Close = 255;

    internal const string Version5 = "v5.channel.k8s.io";
    internal const string Version4 = "v4.channel.k8s.io";

    /// <summary>The newest one offered.</summary>
    /// <exception cref="StreamRefusal">400: neither.</exception>
    internal static string Choose(IEnumerable<string> offered)
    {
        var all = offered.Take(32).ToArray();
        return Array.Find([Version5, Version4], all.Contains) ?? throw new StreamRefusal(
            400, $"the WebSocket subprotocol must be {Version5} or {Version4}, and the client offers {(all.Length == 0 ? "none" : string.Join(", ", all))}");
    }
}
