using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Fairlead.Ingress;
using Fairlead.Ingress.Listening;
using Fairlead.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Ingress;

/// <summary>The listener on loopback, with a handler that answers what it was asked: the request as whatever stands behind would see it.</summary>
internal sealed class ListeningLab : IAsyncDisposable
{
    private ListeningLab(TlsLab tls, IngressListener listener) => (Tls, Listener) = (tls, listener);

    public TlsLab Tls { get; }

    public IngressListener Listener { get; }

    /// <summary>The subjects of the certificates that the last handshake brought, the server's first.</summary>
    public IReadOnlyList<string> Presented { get; private set; } = [];

    public static IngressOptions Loopback { get; } = new() { Http = new IPEndPoint(IPAddress.Loopback, 0), Https = new IPEndPoint(IPAddress.Loopback, 0) };

    public static async Task<ListeningLab> StartAsync(
        IngressOptions? options = null, RequestDelegate? handler = null, TimeProvider? time = null, Action<KestrelServerOptions>? adjust = null)
    {
        var tls = new TlsLab();
        tls.PutSecret("tls", tls.Make(["a.org"], "CN=a"));
        tls.PutHost("a.org", "tls");
        tls.Store.Pass();
        return new ListeningLab(
            tls, await IngressListener.StartAsync(options ?? Loopback, tls.Store, handler ?? EchoAsync, NullLoggerFactory.Instance, time ?? TimeProvider.System, adjust ?? (_ => { })));
    }

    /// <summary>Says what arrived, one thing a line.</summary>
    public static async Task EchoAsync(HttpContext context)
    {
        var request = context.Request;
        if (RequestGate.Fault(context) is { } fault)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await AnswerAsync(context, fault);
            return;
        }

        using var body = new MemoryStream();
        try
        {
            await request.Body.CopyToAsync(body, context.RequestAborted);
        }
        catch (IOException e)
        {
            // Of a body that cannot be read Kestrel says so by one kind of exception or the other.
            context.Response.StatusCode = (e as Microsoft.AspNetCore.Http.BadHttpRequestException)?.StatusCode ?? StatusCodes.Status400BadRequest;
            context.Response.Headers.Connection = "close";
            await AnswerAsync(context, e.Message);
            return;
        }

        var text = new StringBuilder($"{request.Protocol} {request.Method} {request.Path}{request.QueryString}\n");
        text.Append($"host {request.Host}\n");
        text.Append($"client {context.Connection.RemoteIpAddress}:{context.Connection.RemotePort} to {context.Connection.LocalIpAddress}:{context.Connection.LocalPort}\n");
        foreach (var (name, values) in request.Headers.Where(header => header.Key is not ("Host" or "Connection")))
        {
            text.Append($"{name}: {values}\n");
        }

        await AnswerAsync(context, $"{text}body {Encoding.Latin1.GetString(body.ToArray())}");
    }

    /// <summary>A connection to where HTTP is answered.</summary>
    public async Task<NetworkStream> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, Listener.Http.Port, Deadline.Token());
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>A connection to where HTTPS is answered, behind its handshake.</summary>
    public async Task<SslStream> ConnectTlsAsync(string host, SslApplicationProtocol protocol, Action<SslClientAuthenticationOptions>? adjust = null, byte[]? before = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, Listener.Https.Port, Deadline.Token());
        var network = new NetworkStream(socket, ownsSocket: true);
        await network.WriteAsync(before ?? [], Deadline.Token());
        var stream = new SslStream(network);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = host,
            ApplicationProtocols = [protocol],
            RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
            {
                Presented = [certificate!.Subject, .. chain!.ChainPolicy.ExtraStore.Select(one => one.Subject)];
                return Presented.Count > 0;
            },
        };
        adjust?.Invoke(options);
        await stream.AuthenticateAsClientAsync(options, Deadline.Token());
        return stream;
    }

    /// <summary>Sends, and reads until the server ends the connection: its answers, in order.</summary>
    public async Task<IReadOnlyList<RawAnswer>> AskAsync(string request)
    {
        await using var stream = await ConnectAsync();
        return await AskAsync(stream, request);
    }

    public static async Task<IReadOnlyList<RawAnswer>> AskAsync(Stream stream, string request)
    {
        await SendAsync(stream, request);
        return RawAnswer.Split(await ReadToEndAsync(stream));
    }

    public static async Task SendAsync(Stream stream, string text)
    {
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(text), Deadline.Token());
        }
        catch (IOException)
        {
            // The server has heard enough; what it answered is still to be read.
            return;
        }
    }

    /// <summary>Asks, and waits for the answer; the connection stays.</summary>
    public static async Task AnsweredAsync(Stream stream)
    {
        await SendAsync(stream, "GET / HTTP/1.1\r\nHost: a.org\r\n\r\n");
        var buffer = new byte[4096];
        var text = "";
        while (!text.Contains("body", StringComparison.Ordinal))
        {
            var count = await stream.ReadAsync(buffer, Deadline.Token());
            Assert.NotEqual(0, count);
            text += Encoding.Latin1.GetString(buffer, 0, count);
        }
    }

    /// <summary>What comes until the connection ends, in whichever way.</summary>
    public static async Task<string> ReadToEndAsync(Stream stream)
    {
        using var all = new MemoryStream();
        var buffer = new byte[4096];
        try
        {
            while (await stream.ReadAsync(buffer, Deadline.Token()) is > 0 and var count)
            {
                all.Write(buffer, 0, count);
            }
        }
        catch (IOException)
        {
            return Encoding.Latin1.GetString(all.ToArray());
        }

        return Encoding.Latin1.GetString(all.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        await Listener.DisposeAsync();
        Tls.Dispose();
    }

    private static Task AnswerAsync(HttpContext context, string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        context.Response.ContentLength = bytes.Length;
        return context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }
}

/// <summary>One answer of HTTP/1.1, as it came.</summary>
internal sealed record RawAnswer(int Status, string Head, string Body)
{
    public static IReadOnlyList<RawAnswer> Split(string text)
    {
        List<RawAnswer> answers = [];
        while (text.Length > 0)
        {
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            Assert.True(end > 0, text);
            var head = text[..end];
            var length = head.Split("\r\n").Where(line => line.StartsWith("Content-Length: ", StringComparison.Ordinal)).Select(line => int.Parse(line[16..])).Single();
            answers.Add(new RawAnswer(int.Parse(head.AsSpan("HTTP/1.1 ".Length, 3)), head, text.Substring(end + 4, length)));
            text = text[(end + 4 + length)..];
        }

        return answers;
    }

    public override string ToString() => $"{Status} {Body.ReplaceLineEndings("|")}";
}
