using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace Fairlead.Pods.Lifecycle;

/// <summary>
/// Asks <c>grpc.health.v1.Health/Check</c> over HTTP/2 without TLS (github.com/grpc/grpc, doc/health-checking.md and doc/PROTOCOL-HTTP2.md). The two messages
/// have one field each: the service's name there, a status back.
/// </summary>
internal static class GrpcHealth
{
    private const int Header = 5;
    private const int MaxAnswer = 4096;
    private static readonly string[] Statuses = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

    /// <summary>Empty when the service is serving, else why not.</summary>
    /// <param name="connect">Opens a connection.</param>
    /// <param name="authority">Address and port, as the request names them.</param>
    /// <param name="service">The service asked for; empty for the server as a whole. At most 127 bytes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async Task<string> CheckAsync(
        Func<CancellationToken, Task<Socket>> connect, string authority, string service, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, token) => new NetworkStream(await connect(token), ownsSocket: true),
        };
        using var client = new HttpMessageInvoker(handler);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{authority}/grpc.health.v1.Health/Check")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Request(service)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.ParseAdd("trailers");
        request.Headers.UserAgent.ParseAdd("kube-probe/fairlead");
        try
        {
            using var response = await client.SendAsync(request, cancellationToken);
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            var buffer = new byte[MaxAnswer];
            var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            return Judge(response, buffer.AsSpan(0, length), service);
        }
        catch (HttpRequestException e)
        {
            return e.InnerException?.Message ?? e.Message;
        }
    }

    /// <summary>The status of a HealthCheckResponse in its gRPC frame; -1 when it is none.</summary>
    internal static int Status(ReadOnlySpan<byte> answer)
    {
        if (answer.Length < Header || answer[0] != 0 || BinaryPrimitives.ReadUInt32BigEndian(answer[1..]) != answer.Length - Header)
        {
            return -1;
        }

        // Field 1, a varint; a field that has its default value, UNKNOWN, is not sent.
        return answer[Header..] switch
        {
            [] => 0,
            [0x08, < 0x80 and var status] => status,
            _ => -1,
        };
    }

    private static string Judge(HttpResponseMessage response, ReadOnlySpan<byte> answer, string service)
    {
        // An error without an answer comes in the headers alone ("Trailers-Only").
        var code = Value(response.TrailingHeaders, "grpc-status") is { Length: > 0 } trailer ? trailer : Value(response.Headers, "grpc-status");
        if (response.StatusCode != HttpStatusCode.OK)
        {
            return string.Create(CultureInfo.InvariantCulture, $"the server does not speak gRPC: HTTP status {(int)response.StatusCode}");
        }

        return code == "5" ? $"the server does not know the service \"{service}\""
            : code != "0" ? $"gRPC status {(code.Length > 0 ? code : "missing")}: {Value(response.TrailingHeaders, "grpc-message")}{Value(response.Headers, "grpc-message")}"
            : Status(answer) switch
            {
                1 => "",
                >= 0 and var status when status < Statuses.Length => $"service unhealthy (responded with \"{Statuses[status]}\")",
                _ => "the answer is no HealthCheckResponse",
            };
    }

    private static string Value(HttpResponseHeaders headers, string name) => headers.TryGetValues(name, out var values) ? string.Join(", ", values) : "";

    private static byte[] Request(string service)
    {
        var name = Encoding.UTF8.GetBytes(service);
        var length = name.Length > 127 ? throw new IOException($"the probe's service name is {name.Length} bytes long, more than 127") : name.Length;
        byte[] message = length == 0 ? [] : [0x0A, (byte)length, .. name];
        return [0, 0, 0, 0, (byte)message.Length, .. message];
    }
}
