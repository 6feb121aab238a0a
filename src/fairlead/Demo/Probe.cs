using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Linux;

namespace Fairlead.Demo;

/// <summary>Sends real requests from a pod, a node or the host, and tells what both ends saw. Stand-ins answer with who they are and whom they saw.</summary>
internal static class Probe
{
    /// <summary>How long silence has to last to be called silence: two SYNs (a second apart) reach nobody.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(1.2);

    /// <summary>How long the datapath may take to follow the API before a missing answer is a failure.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2.5);

    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    private const int MaxAnswer = 16 * 1024;

    /// <summary>Tries once over TCP.</summary>
    public static Task<ProbeResult> OnceAsync(Vantage from, IPAddress to, int port, CancellationToken cancellationToken) =>
        OnceAsync(from, new IPEndPoint(to, port), null, cancellationToken);

    /// <summary>Tries once, for a host and a path.</summary>
    public static Task<ProbeResult> OnceAsync(Vantage from, IPAddress to, WebRequest request, CancellationToken cancellationToken) =>
        OnceAsync(from, new IPEndPoint(to, request.Port), request, cancellationToken);

    private static async Task<ProbeResult> OnceAsync(Vantage from, IPEndPoint target, WebRequest? request, CancellationToken cancellationToken)
    {
        var failed = new ProbeResult(from.Name, Outcome.Silent, $"{from.Address}", $"{target}") { Request = request };
        using var limit = new CancellationTokenSource(Silence, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var socket = from.Open(() => new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
            await socket.ConnectAsync(target, both.Token);
            failed = failed with { Client = $"{socket.LocalEndPoint}" };
            var (status, answer) = await AskAsync(socket, request ?? new WebRequest($"{target}", "/"), both.Token);
            return failed with
            {
                Outcome = Outcome.Answered,
                Status = status,
                Pod = answer.Text("pod"),
                Namespace = answer.Text("namespace"),
                Node = answer.Text("node"),
                Server = answer.Text("address"),
                ServerPort = answer.Number(0, "port"),
                SeenClient = answer.Text("client"),
                ForwardedFor = answer.Text("forwardedFor"),
                SeenRequest = answer.Text("request"),
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return failed;
        }
        catch (SocketException e)
        {
            return failed with { Outcome = Meaning(e.SocketErrorCode) };
        }
        catch (AuthenticationException)
        {
            return failed with { Outcome = Outcome.Untrusted };
        }
        catch (LinuxException e)
        {
            return failed with { Outcome = Outcome.NoRoute, Client = e.Message };
        }
    }

    /// <summary>Tries until there is an answer that will do, for a bounded time: what is new in the API is a moment later in the kernel.</summary>
    public static Task<ProbeResult> UntilAsync(Vantage from, IPAddress to, int port, Func<ProbeResult, bool> enough, CancellationToken cancellationToken) =>
        UntilAsync(() => OnceAsync(from, to, port, cancellationToken), enough, cancellationToken);

    /// <summary>The same, for a host and a path.</summary>
    public static Task<ProbeResult> UntilAsync(Vantage from, IPAddress to, WebRequest request, Func<ProbeResult, bool> enough, CancellationToken cancellationToken) =>
        UntilAsync(() => OnceAsync(from, to, request, cancellationToken), enough, cancellationToken);

    private static async Task<ProbeResult> UntilAsync(Func<Task<ProbeResult>> once, Func<ProbeResult, bool> enough, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var result = await once();
            if (enough(result) || watch.Elapsed > Patience)
            {
                return result;
            }

            await Task.Delay(Between, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Tries many times at once, after one that was answered.</summary>
    public static async Task<IReadOnlyList<ProbeResult>> ManyAsync(Vantage from, IPAddress to, int port, int count, CancellationToken cancellationToken)
    {
        var first = await UntilAsync(from, to, port, result => result.Answered, cancellationToken);
        return first.Answered ? [first, .. await Task.WhenAll(Enumerable.Range(1, count - 1).Select(_ => OnceAsync(from, to, port, cancellationToken)))] : [first];
    }

    private static async Task<(int Status, JsonNode? Answer)> AskAsync(Socket socket, WebRequest request, CancellationToken cancellationToken)
    {
        await using var plain = new NetworkStream(socket);
        await using var secured = request.Trusted is null ? null : new SslStream(plain);
        if (secured is not null)
        {
            await secured.AuthenticateAsClientAsync(request.Handshake(), cancellationToken);
        }

        var stream = (Stream?)secured ?? plain;
        await stream.WriteAsync(request.Bytes(), cancellationToken);
        var buffer = new byte[MaxAnswer];
        var held = 0;
        while (held < buffer.Length && await stream.ReadAsync(buffer.AsMemory(held), cancellationToken) is var count and > 0)
        {
            held += count;
        }

        return (Status(buffer.AsSpan(0, held)), Body(buffer.AsSpan(0, held)));
    }

    /// <summary>The code in a status line (RFC 9112 §4); 0 when there is none.</summary>
    private static int Status(ReadOnlySpan<byte> answer) =>
        answer.StartsWith("HTTP/1.1 "u8) && answer.Length >= 12 && int.TryParse(answer[9..12], NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : 0;

    /// <summary>The JSON in an answer; null when it is from somebody who is no stand-in.</summary>
    private static JsonNode? Body(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        try
        {
            return end < 0 ? null : JsonNode.Parse(answer[(end + 4)..]);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Outcome Meaning(SocketError error) => error switch
    {
        SocketError.ConnectionRefused or SocketError.ConnectionReset => Outcome.Refused,
        SocketError.TimedOut => Outcome.Silent,
        _ => Outcome.NoRoute,
    };
}
