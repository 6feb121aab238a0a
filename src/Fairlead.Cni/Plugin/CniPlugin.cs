using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fairlead.Cni.Plugin;

/// <summary>
/// The CNI plugin that a container runtime executes (specification 1.1.0): it hands the request to the node's agent over a unix socket and prints the
/// answer. It keeps no state and starts in milliseconds.
/// </summary>
public static class CniPlugin
{
    /// <summary>Where the agent listens unless the configuration's <c>socket</c> says otherwise.</summary>
    public const string DefaultSocket = "/run/fairlead/cni.sock";

    private const int MaxAnswerBytes = 4 * CniRequest.MaxBytes;
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(90);

    /// <summary>Serves one call.</summary>
    /// <param name="environment">Environment variables by name: CNI_COMMAND, CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME, CNI_ARGS.</param>
    /// <param name="input">The configuration, at most 1 MiB.</param>
    /// <param name="output">Gets the result or the error object.</param>
    /// <param name="cancellationToken">Gives up; what the agent does goes on.</param>
    /// <returns>The exit code: 0, or 1 after an error.</returns>
    public static async Task<int> RunAsync(Func<string, string?> environment, Stream input, Stream output, CancellationToken cancellationToken)
    {
        var version = CniVersions.Newest;
        JsonObject? body;
        bool failed;
        try
        {
            // VERSION may come without any configuration.
            var bytes = await ReadAllAsync(input, CniRequest.MaxBytes, "the configuration", cancellationToken);
            var request = CniRequest.Parse(environment, bytes.Length == 0 && environment("CNI_COMMAND") == "VERSION" ? "{}"u8.ToArray() : bytes);
            version = Array.IndexOf(CniVersions.Supported, request.Version) >= 0 ? request.Version : version;
            (failed, body) = request.Command == "VERSION" ? (false, CniVersions.Answer(version)) : await AskAgentAsync(request, cancellationToken);
        }
        catch (CniException e)
        {
            (failed, body) = (true, e.ToJson(version));
        }

        if (body is not null)
        {
            await output.WriteAsync(CniRequest.JsonBytes(body), cancellationToken);
            await output.FlushAsync(cancellationToken);
        }

        return failed ? 1 : 0;
    }

    /// <summary>Reads to the end.</summary>
    /// <exception cref="CniException">Code 6 when it is longer than <paramref name="limit"/>, 5 when reading fails.</exception>
    internal static async Task<byte[]> ReadAllAsync(Stream stream, int limit, string what, CancellationToken cancellationToken)
    {
        using var memory = new MemoryStream();
        var buffer = new byte[16 * 1024];
        try
        {
            int count;
            while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                memory.Write(buffer, 0, count);
                if (memory.Length > limit)
                {
                    throw new CniException(CniErrorCode.DecodingFailure, $"{what} is longer than {limit} bytes");
                }
            }
        }
        catch (IOException e)
        {
            throw new CniException(CniErrorCode.IoFailure, $"cannot read {what}", e.Message);
        }

        return memory.ToArray();
    }

    private static async Task<(bool Failed, JsonObject? Body)> AskAgentAsync(CniRequest request, CancellationToken cancellationToken)
    {
        var path = request.Socket.Length > 0 ? request.Socket : DefaultSocket;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AnswerTime);
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), limit.Token);
            await using var stream = new NetworkStream(socket);
            await stream.WriteAsync(request.ToBytes(), limit.Token);
            socket.Shutdown(SocketShutdown.Send);
            return Decode(await ReadAllAsync(stream, MaxAnswerBytes, "the agent's answer", limit.Token));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unavailable(request, $"the Fairlead agent at {path} did not answer within {AnswerTime.TotalSeconds} s", "");
        }
        catch (Exception e) when (e is SocketException or IOException or ArgumentException)
        {
            throw Unavailable(request, $"the Fairlead agent of this node does not answer at {path}: is it running?", e.Message);
        }
    }

    private static (bool Failed, JsonObject? Body) Decode(byte[] answer)
    {
        try
        {
            if (JsonNode.Parse(answer) is JsonObject json && json["failed"] is JsonValue failed && failed.TryGetValue<bool>(out var value))
            {
                return (value, json["body"] is JsonObject body ? (JsonObject)body.DeepClone() : null);
            }
        }
        catch (JsonException)
        {
            // The agent died while it wrote; the same as no answer.
        }

        throw new CniException(CniErrorCode.TryAgainLater, "the Fairlead agent broke off its answer");
    }

    private static CniException Unavailable(CniRequest request, string message, string details) =>
        new(request.Command == "STATUS" ? CniErrorCode.NotAvailable : CniErrorCode.TryAgainLater, message, details);
}
