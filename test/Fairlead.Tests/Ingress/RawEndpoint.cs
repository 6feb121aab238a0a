using System.Net;
using System.Net.Sockets;
using System.Text;
using Fairlead.Ingress.Translate;
using Fairlead.Testing;

namespace Fairlead.Tests.Ingress;

/// <summary>An endpoint that says what a test writes, byte for byte, and hangs up when the test does.</summary>
internal sealed class RawEndpoint : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    /// <summary>Serves each connection by a delegate; a connection ends with it.</summary>
    public RawEndpoint(Func<NetworkStream, Task> serve)
    {
        _listener.Start();
        _loop = AcceptAsync(serve);
    }

    public BackendEndpoint Endpoint => IngressLab.At(((IPEndPoint)_listener.LocalEndpoint).Port);

    /// <summary>One that reads a request, says something and hangs up.</summary>
    public static RawEndpoint Saying(string text) => new(async stream =>
    {
        await ReadRequestAsync(stream);
        await SayAsync(stream, text);
    });

    /// <summary>Reads a request with its body, whose length it must tell; empty: the connection has ended.</summary>
    public static async Task<string> ReadRequestAsync(NetworkStream stream)
    {
        var (text, buffer) = ("", new byte[4096]);
        while (!IsWhole(text))
        {
            var read = await stream.ReadAsync(buffer, Deadline.Token());
            if (read == 0)
            {
                return "";
            }

            text += Encoding.Latin1.GetString(buffer, 0, read);
        }

        return text;
    }

    public static Task SayAsync(NetworkStream stream, string text) => stream.WriteAsync(Encoding.Latin1.GetBytes(text), Deadline.Token()).AsTask();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _loop;
        _stop.Dispose();
    }

    private static bool IsWhole(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
        {
            return false;
        }

        var length = text[..end].Split("\r\n").Where(line => line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase)).Select(line => int.Parse(line.AsSpan(16))).SingleOrDefault();
        return text.Length >= end + 4 + length;
    }

    private async Task AcceptAsync(Func<NetworkStream, Task> serve)
    {
        List<(Socket Socket, Task Serving)> connections = [];
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                connections.Add((socket, ServeAsync(socket, serve)));
            }
        }
        catch (OperationCanceledException)
        {
            // The test has ended: what the ingress keeps for later is ended too.
            connections.ForEach(connection => connection.Socket.Dispose());
            await Task.WhenAll(connections.Select(connection => connection.Serving));
        }
    }

    private static async Task ServeAsync(Socket socket, Func<NetworkStream, Task> serve)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            await serve(stream);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The ingress has hung up: it has seen enough. Or the test has ended.
            return;
        }
    }
}
