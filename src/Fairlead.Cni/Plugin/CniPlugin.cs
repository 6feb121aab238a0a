using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fairlead.Cni.Plugin;

/// <summary>
/// The CNI plugin that a container runtime executes (specification 1.1.0): it hands the request to the node's agent over a unix socket and prints the
/// answer. It keeps no state and starts in milliseconds; all of it blocks, since a thread pool would take longer to start than it takes to run.
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
    /// <returns>The exit code: 0, or 1 after an error.</returns>
    public static int Run(Func<string, string?> environment, Stream input, Stream output)
    {
        var version = CniVersions.Newest;
        JsonObject? body;
        bool failed;
        try
        {
            // VERSION may come without any configuration.
            var bytes = ReadAll(input, CniRequest.MaxBytes, "the configuration");
            var request = CniRequest.Parse(environment, bytes.Length == 0 && environment("CNI_COMMAND") == "VERSION" ? "{}"u8.ToArray() : bytes);
            version = Array.IndexOf(CniVersions.Supported, request.Version) >= 0 ? request.Version : version;
            (failed, body) = request.Command == "VERSION" ? (false, CniVersions.Answer(version)) : AskAgent(request);
        }
        catch (CniException e)
        {
            (failed, body) = (true, e.ToJson(version));
        }

        if (body is not null)
        {
            output.Write(CniRequest.JsonBytes(body));
            output.Flush();
        }

        return failed ? 1 : 0;
    }

    private static byte[] ReadAll(Stream stream, int limit, string what)
    {
        using var memory = new MemoryStream();
        var buffer = new byte[16 * 1024];
        try
        {
            int count;
            while ((count = stream.Read(buffer)) > 0)
            {
                memory.Write(buffer, 0, count);
                if (memory.Length > limit)
                {
                    throw new CniException(CniErrorCode.DecodingFailure, $"{what} is longer than {limit} bytes");
                }
            }
        }
        catch (IOException e) when (e.InnerException is not SocketException)
        {
            throw new CniException(CniErrorCode.IoFailure, $"cannot read {what}", e.Message);
        }

        return memory.ToArray();
    }

    private static (bool Failed, JsonObject? Body) AskAgent(CniRequest request)
    {
        var path = request.Socket.Length > 0 ? request.Socket : DefaultSocket;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.SendTimeout = socket.ReceiveTimeout = (int)AnswerTime.TotalMilliseconds;
            socket.Connect(new UnixDomainSocketEndPoint(path));
            using var stream = new NetworkStream(socket);
            stream.Write(request.ToBytes());
            socket.Shutdown(SocketShutdown.Send);
            return Decode(ReadAll(stream, MaxAnswerBytes, "the agent's answer"));
        }
        catch (Exception e) when ((e as SocketException ?? e.InnerException as SocketException)?.SocketErrorCode == SocketError.TimedOut)
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
