using System.Net.WebSockets;
using Fairlead.Pods.Lifecycle;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Pods.Streaming;

/// <summary>Answers kubelet's paths: <c>/containerLogs</c>, <c>/exec</c> and <c>/attach</c>, each followed by <c>/NAMESPACE/POD/CONTAINER</c>.</summary>
internal sealed class StreamRouter(PodsContext context, PodDirectory pods, CancellationToken stopping) : IDisposable
{
    private readonly Holders _holders = new(context);

    /// <inheritdoc/>
    public void Dispose() => _holders.Dispose();

    internal async Task HandleAsync(HttpContext http)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, http.RequestAborted);
        try
        {
            await ServeAsync(http, end.Token);
        }
        catch (StreamRefusal e) when (!http.Response.HasStarted)
        {
            http.Response.StatusCode = e.Code;
            http.Response.ContentType = "text/plain";
            await http.Response.WriteAsync(e.Message, end.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or WebSocketException or ObjectDisposedException)
        {
            // A client that hangs up has nobody left to report to, and is no failure of ours.
            if (!end.IsCancellationRequested)
            {
                context.Log.StreamFailed(http.Request.Path, e.Message);
            }
        }
    }

    private async Task ServeAsync(HttpContext http, CancellationToken cancellationToken)
    {
        if (http.Request.Method != "GET" || (http.Request.Path.Value ?? "").Split('/') is not ["", var kind, var ns, var name, var asked])
        {
            throw new StreamRefusal(404, "not found: logs, exec and attach of containers are served here");
        }

        var pod = pods.Find(ns, name) ?? throw new StreamRefusal(404, $"pod \"{name}\" is not run here yet, or no longer");
        var container = pod.Inits.Concat(pod.Containers).FirstOrDefault(record => record.Spec.Name == asked)
            ?? throw new StreamRefusal(404, $"container {asked} not found in pod {name}");
        switch (kind)
        {
            case "containerLogs":
                await new LogStream(context, pod, container).ServeAsync(http, cancellationToken);
                break;
            case "exec":
                await new ExecStream(context, _holders, pod, container).ServeAsync(http, cancellationToken);
                break;
            case "attach":
                await new AttachStream(context, pod, container).ServeAsync(http, cancellationToken);
                break;
            default:
                throw new StreamRefusal(404, $"not found: /{kind}");
        }
    }
}
