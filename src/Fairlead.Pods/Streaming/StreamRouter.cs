using Fairlead.Pods.Lifecycle;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Pods.Streaming;

/// <summary>
/// Answers kubelet's paths: <c>/containerLogs</c>, <c>/exec</c> and <c>/attach</c>, each followed by <c>/NAMESPACE/POD/CONTAINER</c>,
/// <c>/portForward/NAMESPACE/POD</c>, <c>/healthz</c> and <c>/logs/</c>; and <c>/dial/NODE/ADDRESS/PORT</c>, by which the API server reaches into a
/// node's network.
/// </summary>
internal sealed class StreamRouter(PodsContext context, PodDirectory pods, CancellationToken stopping)
{
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
        if (http.Request.Method is not ("GET" or "HEAD"))
        {
            throw new StreamRefusal(405, "only GET is answered here");
        }

        var words = (http.Request.Path.Value ?? "").Split('/');
        await (words switch
        {
            ["", "healthz"] => http.Response.WriteAsync("ok", cancellationToken),
            ["", "logs", .. var path] => new LogFiles(context, pods).ServeAsync(http, path, cancellationToken),
            ["", "portForward", var ns, var name] => new PortForwardStream(Find(ns, name)).ServeAsync(http, cancellationToken),
            ["", "dial", var node, var address, var port] => new DialStream(context).ServeAsync(http, node, address, port, cancellationToken),
            ["", var kind, var ns, var name, var container] => StreamAsync(http, kind, (ns, name, container), cancellationToken),
            _ => throw new StreamRefusal(404, "not found: logs, exec, attach and port-forward are served here"),
        });
    }

    private Task StreamAsync(HttpContext http, string kind, (string Namespace, string Pod, string Container) asked, CancellationToken cancellationToken)
    {
        var pod = Find(asked.Namespace, asked.Pod);
        var container = pod.Inits.Concat(pod.Containers).FirstOrDefault(record => record.Spec.Name == asked.Container)
            ?? throw new StreamRefusal(404, $"container {asked.Container} not found in pod {asked.Pod}");
        return kind switch
        {
            "containerLogs" => new LogStream(context, pod, container).ServeAsync(http, cancellationToken),
            "exec" => new ExecStream(context, pod, container).ServeAsync(http, cancellationToken),
            "attach" => new AttachStream(context, pod, container).ServeAsync(http, cancellationToken),
            _ => throw new StreamRefusal(404, $"not found: /{kind}"),
        };
    }

    private PodWorker Find(string ns, string name) => pods.Find(ns, name) ?? throw new StreamRefusal(404, $"pod \"{name}\" is not run here yet, or no longer");
}
