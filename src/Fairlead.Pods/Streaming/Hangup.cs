using System.Net.WebSockets;

namespace Fairlead.Pods.Streaming;

/// <summary>What the loss of a client looks like.</summary>
internal static class Hangup
{
    internal static bool Is(Exception exception) => exception is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException;
}
