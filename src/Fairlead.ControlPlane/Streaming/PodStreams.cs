using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Http;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fairlead.ControlPlane.Streaming;

/// <summary>Logs, exec, attach and port-forward: validated here, then handed through to the pods role, which alone knows the processes.</summary>
internal sealed class PodStreams(ApiRegistry registry, PodsSocket pods, CancellationToken stopping)
{
    private const int MostRefusalBytes = 64 * 1024;
    private const string WebSocket = "websocket";
    private const string Spdy = "SPDY/3.1";
    private const string StreamProtocol = "X-Stream-Protocol-Version";

    /// <summary>True when the subresource is a stream.</summary>
    public static bool Serves(KindDefinition kind, string subresource) =>
        kind.Type.Kind == "Pod" && subresource is "log" or "exec" or "attach" or "portforward";

    /// <summary>Answers a request.</summary>
    /// <exception cref="StatusException">A refusal, nothing written yet.</exception>
    public async Task HandleAsync(HttpContext context, KindDefinition kind, ApiPath path)
    {
        if (context.Request.Method is not ("GET" or "POST") || (path.Subresource == "log" && context.Request.Method != "GET"))
        {
            throw StatusException.MethodNotAllowed();
        }

        var target = StreamTarget.Of(registry.Reader.Get(kind, path.Namespace, path.Name).Parse(), path, context.Request.Query);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, context.RequestAborted);
        if (path.Subresource == "log")
        {
            await LogAsync(context, target, end.Token);
        }
        else
        {
            await UpgradeAsync(context, target, path.Subresource == "portforward" ? [WebSocket, Spdy] : [WebSocket], end.Token);
        }
    }

    private async Task LogAsync(HttpContext context, StreamTarget target, CancellationToken cancellationToken)
    {
        await using var connection = await pods.ConnectAsync(cancellationToken);
        var answer = await connection.RequestAsync(target.Location, [], cancellationToken);
        if (answer.Code != 200)
        {
            throw await RefusalAsync(connection, answer, cancellationToken);
        }

        context.Response.StatusCode = 200;
        context.Response.ContentType = "text/plain";
        var output = context.Response.BodyWriter;
        await output.FlushAsync(cancellationToken);
        try
        {
            int read;
            while ((read = await connection.ReadBodyAsync(answer, output.GetMemory(8192), cancellationToken)) > 0)
            {
                output.Advance(read);
                await output.FlushAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The reader of the log has had enough, or the server stops: a log has no end to mark.
            return;
        }
    }

    private async Task UpgradeAsync(HttpContext context, StreamTarget target, string[] protocols, CancellationToken cancellationToken)
    {
        var upgrade = context.Features.Get<IHttpUpgradeFeature>();
        var protocol = context.Request.Headers.Upgrade.ToString();
        if (upgrade is not { IsUpgradableRequest: true })
        {
            throw StatusException.BadRequest("Upgrade request required");
        }

        await using var connection = await pods.ConnectAsync(cancellationToken);
        if (!protocols.Contains(protocol, StringComparer.OrdinalIgnoreCase))
        {
            throw ClientAge.Refuse(protocol, context.Request.Headers.UserAgent.ToString());
        }

        var answer = await connection.RequestAsync(target.Location, HandshakeHeaders(context.Request, protocol), cancellationToken);
        if (answer.Code != 101)
        {
            throw await RefusalAsync(connection, answer, cancellationToken);
        }

        foreach (var name in (string[])["Sec-WebSocket-Accept", "Sec-WebSocket-Protocol", StreamProtocol])
        {
            if (answer.Headers.TryGetValue(name, out var value))
            {
                context.Response.Headers[name] = value;
            }
        }

        context.Response.Headers.Upgrade = protocol;
        await using var client = await upgrade.UpgradeAsync();
        await Splice.RunAsync(client, connection.Stream, connection.TakeRest(), cancellationToken);
    }

    private static IEnumerable<KeyValuePair<string, string>> HandshakeHeaders(HttpRequest request, string protocol)
    {
        yield return new("Connection", "Upgrade");
        yield return new("Upgrade", protocol);
        foreach (var name in (string[])["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol", StreamProtocol])
        {
            if (request.Headers.TryGetValue(name, out var values))
            {
                yield return new(name, values.ToString());
            }
        }
    }

    /// <summary>What the pods role answered instead of a stream, as a Status; a redirect is not followed, it is an error like any other.</summary>
    private static async Task<StatusException> RefusalAsync(PodsConnection connection, PodsAnswer answer, CancellationToken cancellationToken)
    {
        var text = await connection.ReadTextAsync(answer, MostRefusalBytes, cancellationToken);
        var code = answer.Code is >= 400 and < 600 ? answer.Code : 500;
        try
        {
            if (JsonNode.Parse(text) is JsonObject status && status.Text("message") is { } message)
            {
                return new StatusException(code, status.Text("reason") ?? "InternalError", message, status.Object("details"));
            }
        }
        catch (JsonException)
        {
            // Plain text then, as kubelet answers.
            return new StatusException(code, code == 404 ? "NotFound" : code < 500 ? "BadRequest" : "InternalError", text.Trim());
        }

        return new StatusException(code, "InternalError", $"the pods role answered {answer.Code}");
    }
}
