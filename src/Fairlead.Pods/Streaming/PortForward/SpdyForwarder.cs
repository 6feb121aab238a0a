using Fairlead.Pods.Lifecycle;

namespace Fairlead.Pods.Streaming.PortForward;

/// <summary>
/// Serves <c>portforward.k8s.io</c>: for each forwarded connection the client opens a stream for errors and one for data, with the headers
/// <c>streamtype</c>, <c>port</c> and <c>requestid</c> (k8s.io/client-go tools/portforward).
/// </summary>
internal sealed class SpdyForwarder(PodWorker pod)
{
    /// <summary>The protocol within SPDY.</summary>
    internal const string Protocol = "portforward.k8s.io";

    private readonly ForwardedPort _port = new(pod);
    private readonly Dictionary<string, SpdyStream> _errors = new(StringComparer.Ordinal);
    private readonly List<Task> _connections = [];
    private CancellationToken _end;

    /// <summary>Serves until the client ends the connection.</summary>
    /// <exception cref="InvalidDataException">The client does not speak SPDY/3.1.</exception>
    internal async Task RunAsync(Stream transport, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _end = end.Token;
        using var session = new SpdySession(transport, Accept);
        try
        {
            await session.RunAsync(end.Token);
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(_connections);
        }
    }

    private bool Accept(SpdyStream stream)
    {
        var request = stream.Headers.GetValueOrDefault("requestid", "");
        if (ForwardedPort.Parse(stream.Headers.GetValueOrDefault("port")) is not { } port || request.Length == 0)
        {
            return false;
        }

        switch (stream.Headers.GetValueOrDefault("streamtype"))
        {
            case "error":
                // The client has nothing to say there.
                stream.Input.Complete();
                return _errors.TryAdd(request, stream);
            case "data" when _errors.Remove(request, out var error):
                _connections.RemoveAll(connection => connection.IsCompleted);
                _connections.Add(CarryAsync(port, stream, error));
                return true;
            default:
                return false;
        }
    }

    private async Task CarryAsync(int port, SpdyStream data, SpdyStream error)
    {
        try
        {
            var problem = await _port.CarryAsync(port, data.Input, data.WriteAsync, _end);
            if (problem.Length > 0)
            {
                await error.WriteAsync(System.Text.Encoding.UTF8.GetBytes(problem), _end);
            }

            await data.CloseAsync(_end);
            await error.CloseAsync(_end);
        }
        catch (Exception e) when (Hangup.Is(e))
        {
            // The whole connection has ended.
            return;
        }
    }
}
