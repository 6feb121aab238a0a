using Fairlead.Pods.Lifecycle;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Pods.Streaming;

/// <summary>
/// Answers kubelet's paths: <c>/containerLogs</c>, <c>/exec</c> and <c>/attach</c>, each followed by <c>/NAMESPACE/POD/CONTAINER</c>, and
/// <c>/portForward/NAMESPACE/POD</c>.
/// </summary>
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
        catch (Exception e) when (Hangup.Is(e) || e is InvalidDataException)
        {
            // A client that hangs up, or speaks what is no protocol, has nobody left to report to, and is no failure of ours.
            if (!end.IsCancellationRequested)
            {
                context.Log.StreamFailed(http.Request.Path, e.Message);
            }
        }
    }

    private async Task ServeAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var words = (http.Request.Path.Value ?? "").Split('/');
        if (http.Request.Method == "GET" && words is ["", "portForward", var space, var forwarded])
        {
            await new PortForwardStream(Find(space, forwarded)).ServeAsync(http, cancellationToken);
            return;
        }

        if (http.Request.Method != "GET" || words is not ["", var kind, var ns, var name, var asked])
        {
            throw new StreamRefusal(404, "not found: logs, exec, attach and port-forward are served here");
        }

        var pod = Find(ns, name);
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

    private PodWorker Find(string ns, string name) => pods.Find(ns, name) ?? throw new StreamRefusal(404, $"pod \"{name}\" is not run here yet, or no longer");
}
