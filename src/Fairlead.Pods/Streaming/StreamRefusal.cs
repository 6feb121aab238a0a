namespace Fairlead.Pods.Streaming;

/// <summary>A request that is answered by an error instead of a stream; the text is shown to the user as it is.</summary>
internal sealed class StreamRefusal(int code, string message) : Exception(message)
{
    internal int Code { get; } = code;
}
