using System.Net;
using System.Text;
using Fairlead.Pods.Lifecycle;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Pods.Streaming;

/// <summary>
/// A node's <c>/logs/</c>, as kubelet shows its /var/log: the logs of the node's containers, under the names that kubelet gives them. Which node is
/// meant says the Host header, since one server stands for all.
/// </summary>
internal sealed class LogFiles(PodsContext context, PodDirectory pods)
{
    private const string Folder = "containers";
    private const string Suffix = ".log";

    internal async Task ServeAsync(HttpContext http, string[] path, CancellationToken cancellationToken)
    {
        var node = http.Request.Host.Host;
        switch (path)
        {
            case [""] or []:
                await ListAsync(http, [Folder + "/"], cancellationToken);
                break;
            case [Folder] or [Folder, ""]:
                await ListAsync(http, Files(node).Select(file => file.Name), cancellationToken);
                break;
            case [Folder, var name] when Files(node).FirstOrDefault(file => file.Name == name) is { Pod: { } pod } file:
                await new LogStream(context, pod, file.Container).ServeAsync(http, cancellationToken);
                break;
            default:
                throw new StreamRefusal(404, "404 page not found");
        }
    }

    private IEnumerable<(string Name, PodWorker Pod, ContainerRecord Container)> Files(string node) =>
        from pod in pods.Workers
        where pod.Spec.NodeName == node
        from container in pod.Inits.Concat(pod.Containers)
        let name = $"{pod.Spec.Name}_{pod.Spec.Namespace}_{container.Spec.Name}{Suffix}"
        orderby name
        select (name, pod, container);

    private static Task ListAsync(HttpContext http, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var page = new StringBuilder("<pre>\n");
        foreach (var name in names.Select(WebUtility.HtmlEncode))
        {
            page.Append("<a href=\"").Append(name).Append("\">").Append(name).Append("</a>\n");
        }

        http.Response.ContentType = "text/html; charset=utf-8";
        return http.Response.WriteAsync(page.Append("</pre>\n").ToString(), cancellationToken);
    }
}
