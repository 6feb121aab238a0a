using System.Net.Sockets;
using System.Text.Json.Nodes;
using Fairlead.Cni.Plugin;
using Fairlead.Linux;
using Fairlead.Nftables;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cni.Server;

/// <summary>Answers plugins on a unix socket that only root can reach: one JSON request up to the end of the stream, one JSON answer.</summary>
internal sealed class CniServer : IDisposable
{
    private const int MaxConnections = 64;
    private const int Backlog = 256;
    private const int MaxRequestBytes = 2 * CniRequest.MaxBytes;
    private static readonly TimeSpan RequestTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AcceptRetry = TimeSpan.FromSeconds(1);

    private readonly Socket _socket;
    private readonly Func<CniRequest, CancellationToken, Task<JsonObject?>> _handle;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    /// <summary>Starts to listen; a socket left by an earlier run is replaced.</summary>
    /// <exception cref="IOException">The path cannot be used.</exception>
    internal CniServer(string path, Func<CniRequest, CancellationToken, Task<JsonObject?>> handle, TimeProvider time, ILogger log)
    {
        (_handle, _time, _log) = (handle, time, log);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.Delete(path);
        _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // Nobody can connect between the two: it does not listen yet.
            _socket.Bind(new UnixDomainSocketEndPoint(path));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            _socket.Listen(Backlog);
        }
        catch (SocketException e)
        {
            _socket.Dispose();
            throw new IOException($"cannot listen at {path}: {e.Message}", e);
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Serves until cancelled, then lets requests under way finish their clean-up.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var places = new SemaphoreSlim(MaxConnections);
        try
        {
            while (true)
            {
                await places.WaitAsync(cancellationToken);
                _ = ServeAndRelease(await AcceptAsync(cancellationToken), places, cancellationToken);
            }
        }
        finally
        {
            _socket.Close();
            for (var i = 1; i < MaxConnections; i++)
            {
                await places.WaitAsync(CancellationToken.None);
            }
        }
    }

    private async Task<Socket> AcceptAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await _socket.AcceptAsync(cancellationToken);
            }
            catch (SocketException e)
            {
                // Out of descriptors, say: later there may be some again.
                _log.RequestFailed(e);
                await Task.Delay(AcceptRetry, _time, cancellationToken);
            }
        }
    }

    private async Task ServeAndRelease(Socket connection, SemaphoreSlim places, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = new NetworkStream(connection, ownsSocket: true);
            await ServeAsync(stream, cancellationToken);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // The plugin is gone or the agent stops: there is nobody to answer. The runtime asks again.
        }
        catch (Exception e) when (Report(e))
        {
            // One request must not end the service; the plugin sees a broken answer and the runtime asks again.
        }
        finally
        {
            places.Release();
        }
    }

    private bool Report(Exception exception)
    {
        _log.RequestFailed(exception);
        return true;
    }

    private async Task ServeAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var version = CniVersions.Newest;
        JsonObject answer;
        CniRequest? request = null;
        try
        {
            using var limit = new CancellationTokenSource(RequestTime, _time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            request = CniRequest.FromBytes(await ReadAllAsync(stream, linked.Token));
            version = request.Version;
            answer = new JsonObject { ["failed"] = false, ["body"] = await _handle(request, cancellationToken) };
        }
        catch (Exception e) when (e is CniException or LinuxException or NftException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            var error = e as CniException ?? new CniException(CniErrorCode.Failed, e.Message);
            _log.Refused(request?.Command ?? "?", request?.ContainerId ?? "", (int)error.Code, error.Message);
            answer = new JsonObject { ["failed"] = true, ["body"] = error.ToJson(version) };
        }

        await stream.WriteAsync(CniRequest.JsonBytes(answer), cancellationToken);
    }

    private static async Task<byte[]> ReadAllAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        using var memory = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            memory.Write(buffer, 0, count);
            if (memory.Length > MaxRequestBytes)
            {
                throw new CniException(CniErrorCode.DecodingFailure, $"the request is longer than {MaxRequestBytes} bytes");
            }
        }

        return memory.ToArray();
    }
}
