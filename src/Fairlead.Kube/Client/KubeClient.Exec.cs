using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;

namespace Fairlead.Kube.Client;

/// <summary>What a command in a container printed, and how it ended.</summary>
/// <param name="Output">Its standard output, cut at 64 KiB.</param>
/// <param name="Error">Its standard error, likewise.</param>
/// <param name="Code">Its exit code; -1 when it could not be executed.</param>
/// <param name="Message">What the server says of the end; empty when it ended well.</param>
public sealed record ExecResult(string Output, string Error, int Code, string Message);

public sealed partial class KubeClient
{
    private const int MostPrinted = 64 * 1024;
    private const byte OutputChannel = 1;
    private const byte ErrorChannel = 2;
    private const byte StatusChannel = 3;

    /// <summary>Executes a command in a container, without input, over a WebSocket (KEP-4006, <c>v5.channel.k8s.io</c>), and waits for its end.</summary>
    /// <param name="ns">The pod's namespace.</param>
    /// <param name="pod">The pod.</param>
    /// <param name="container">The container; empty: the default one.</param>
    /// <param name="command">The command and its arguments; no shell is put between.</param>
    /// <param name="cancellationToken">Ends the connection; the command may go on.</param>
    /// <exception cref="KubeException">The server refuses.</exception>
    /// <exception cref="WebSocketException">The connection breaks.</exception>
    public async Task<ExecResult> ExecAsync(string ns, string pod, string container, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var query = new StringBuilder("?stdout=true&stderr=true");
        if (container.Length > 0)
        {
            query.Append("&container=").Append(Uri.EscapeDataString(container));
        }

        foreach (var word in command)
        {
            query.Append("&command=").Append(Uri.EscapeDataString(word));
        }

        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("v5.channel.k8s.io");
        socket.Options.AddSubProtocol("v4.channel.k8s.io");
        socket.Options.CollectHttpResponseDetails = true;
        if (_connection.Token() is { Length: > 0 } token)
        {
            socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        }

        var address = new UriBuilder(new Uri(_connection.Server, $"{ObjectPath(ResourceTypes.Pods, ns, pod, "exec")}{query}")) { Scheme = Uri.UriSchemeWss }.Uri;
        try
        {
            await socket.ConnectAsync(address, _http, cancellationToken);
        }
        catch (WebSocketException e) when ((int)socket.HttpStatusCode is >= 400 and var code)
        {
            throw new KubeException(code, "", $"the API server answered {code.ToString(CultureInfo.InvariantCulture)} to exec: {e.Message}");
        }

        return await ReadAsync(socket, cancellationToken);
    }

    private static async Task<ExecResult> ReadAsync(ClientWebSocket socket, CancellationToken cancellationToken)
    {
        var printed = new Dictionary<byte, MemoryStream> { [OutputChannel] = new(), [ErrorChannel] = new(), [StatusChannel] = new() };
        var buffer = new byte[16 * 1024];
        var channel = (byte)0;
        for (var isFirst = true; ;)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                break;
            }

            var bytes = buffer.AsMemory(0, part.Count);
            if (isFirst && bytes.Length > 0)
            {
                (channel, bytes) = (bytes.Span[0], bytes[1..]);
            }

            if (printed.TryGetValue(channel, out var into) && into.Length + bytes.Length <= MostPrinted)
            {
                into.Write(bytes.Span);
            }

            isFirst = part.EndOfMessage;
        }

        var status = Status(printed[StatusChannel].ToArray());
        return new ExecResult(Text(printed[OutputChannel]), Text(printed[ErrorChannel]), Code(status), status.Text("message"));
    }

    private static string Text(MemoryStream bytes) => Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);

    private static JsonNode? Status(byte[] bytes)
    {
        try
        {
            return bytes.Length == 0 ? null : JsonNode.Parse(bytes);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static int Code(JsonNode? status) => status.Text("status") == "Success" ? 0
        : status.Objects("details", "causes").FirstOrDefault(cause => cause.Text("reason") == "ExitCode") is { } cause
            && int.TryParse(cause.Text("message"), NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : -1;
}
