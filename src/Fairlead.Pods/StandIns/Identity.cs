using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Fairlead.Pods.StandIns;

/// <summary>What a stand-in answers: who it is and whom it saw.</summary>
internal sealed record Identity(string Pod, string Namespace, string Node)
{
    /// <summary>The answer as one line of JSON.</summary>
    /// <param name="own">Where it was reached.</param>
    /// <param name="client">Who sent it.</param>
    /// <param name="protocol"><c>TCP</c> or <c>UDP</c>.</param>
    /// <param name="request">Of a request that came by a proxy: whom the proxy names, and what was asked for.</param>
    internal byte[] Answer(EndPoint? own, EndPoint? client, string protocol, HttpRequestHead request = default)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("pod", Pod);
            writer.WriteString("namespace", Namespace);
            writer.WriteString("node", Node);
            writer.WriteString("address", Text(own));
            writer.WriteString("client", Text(client));
            writer.WriteNumber("port", (own as IPEndPoint)?.Port ?? 0);
            writer.WriteString("protocol", protocol);
            if (request.ForwardedFor is { Length: > 0 } asker)
            {
                writer.WriteString("forwardedFor", asker);
                writer.WriteString("request", request.Url);
            }

            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.ToArray();
    }

    /// <summary>Address and port; an IPv6 address in brackets.</summary>
    internal static string Text(EndPoint? endPoint)
    {
        if (endPoint is not IPEndPoint { Address: var address, Port: var port })
        {
            return "";
        }

        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return new IPEndPoint(plain.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress(plain.GetAddressBytes()) : plain, port).ToString();
    }

    internal static byte[] Http(byte[] body, bool head, bool close) =>
    [
        .. Encoding.ASCII.GetBytes(
            $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nServer: fairlead-stand-in\r\n"
            + $"Connection: {(close ? "close" : "keep-alive")}\r\n\r\n"),
        .. head ? [] : body,
    ];
}
