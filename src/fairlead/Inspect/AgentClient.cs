using System.Net.Sockets;
using System.Text.Json;
using Fairlead.Proxy.Inspection;
using Fairlead.Terminal;

namespace Fairlead.Inspect;

/// <summary>Asks one node's agent, on its socket.</summary>
internal static class AgentClient
{
    // An agent that reads a table of many thousand Services on a busy node takes seconds, not minutes.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>What it says; a <see cref="NodeAnswer.Error"/> when it says nothing.</summary>
    /// <param name="node">The node's name, for an agent that says nothing.</param>
    /// <param name="socket">Where it listens.</param>
    /// <param name="query">What to ask.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="UserError">The socket is not this user's.</exception>
    public static async Task<NodeAnswer> AskAsync(string node, string socket, InspectionQuery query, CancellationToken cancellationToken)
    {
        var path = $"services?depth={query.Depth}&namespace={Uri.EscapeDataString(query.Namespace)}&name={Uri.EscapeDataString(query.Name)}";
        var (answer, error) = await TryAsync(socket, path, ReadAsync, cancellationToken);
        return answer ?? new NodeAnswer { Node = node, Error = error };
    }

    /// <summary>As <see cref="GetAsync"/>, but an agent that says nothing is no exception: then there is no answer, and why.</summary>
    /// <exception cref="UserError">The socket is not this user's.</exception>
    public static async Task<(T? Answer, string? Error)> TryAsync<T>(
        string socket, string path, Func<Stream, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            return (await GetAsync(socket, path, read, limit.Token), null);
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.AccessDenied })
        {
            throw new UserError($"only root may ask the agent at {socket}", "run it with sudo");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return (null, e is HttpRequestException { InnerException: null } ? e.Message : $"its agent does not answer at {socket}: {(e.InnerException ?? e).Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"its agent has not answered at {socket} within {Limit.TotalSeconds} s");
        }
    }

    /// <summary>Asks and reads the answer as it comes.</summary>
    /// <param name="socket">Where the agent listens.</param>
    /// <param name="path">Path and query, without a slash at the front.</param>
    /// <param name="read">Reads the body.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="HttpRequestException">Nobody answers there, or the agent refuses; then the message is the agent's.</exception>
    public static async Task<T> GetAsync<T>(string socket, string path, Func<Stream, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { ConnectCallback = (_, token) => ConnectAsync(socket, token) };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        using var response = await client.GetAsync(new Uri($"http://agent/{path}"), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            throw new HttpRequestException(text.Length > 0 ? text : $"its agent failed ({(int)response.StatusCode}); its log says why");
        }

        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        return await read(body, cancellationToken);
    }

    private static async Task<NodeAnswer> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        using var lines = new StreamReader(body);
        var head = JsonSerializer.Deserialize(await lines.ReadLineAsync(cancellationToken) ?? "", InspectJson.Default.AnswerHead)!;
        var services = new List<InspectedService>();
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            services.Add(JsonSerializer.Deserialize(line, InspectJson.Default.InspectedService)!);
        }

        return new NodeAnswer { Node = head.Node, Problems = head.Problems, Services = services };
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
