using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Lifecycle;

/// <summary>Writes core/v1 Events about one pod; the same event again only counts up.</summary>
internal sealed class EventRecorder(PodsContext context, PodSpec pod)
{
    private readonly Dictionary<string, (string Name, int Count)> _seen = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private Task _last = Task.CompletedTask;

    internal void Normal(string reason, string message, string container = "") => Enqueue("Normal", reason, message, container);

    internal void Warning(string reason, string message, string container = "") => Enqueue("Warning", reason, message, container);

    private void Enqueue(string type, string reason, string message, string container)
    {
        lock (_gate)
        {
            _last = WriteAsync(_last, type, reason, message, container);
        }
    }

    private async Task WriteAsync(Task before, string type, string reason, string message, string container)
    {
        await before;
        try
        {
            var now = Timestamps.Text(context.Time.GetUtcNow());
            var key = $"{reason}\n{message}\n{container}";
            if (_seen.TryGetValue(key, out var seen))
            {
                _seen[key] = (seen.Name, seen.Count + 1);
                var patch = new JsonObject { ["count"] = seen.Count + 1, ["lastTimestamp"] = now };
                await context.Api.PatchAsync(ResourceTypes.Events, pod.Namespace, seen.Name, "", PatchKind.Merge, patch, CancellationToken.None);
                return;
            }

            var name = string.Create(CultureInfo.InvariantCulture, $"{pod.Name}.{Guid.NewGuid().ToString("N")[..16]}");
            _seen[key] = (name, 1);
            await context.Api.CreateAsync(ResourceTypes.Events, pod.Namespace, Document(name, type, reason, message, container, now), CancellationToken.None);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Events are a courtesy: whatever a transport throws, the pod goes on.
            context.Log.EventFailed(pod.Key, e.Message);
        }
    }

    private JsonObject Document(string name, string type, string reason, string message, string container, string now) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Event",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = pod.Namespace },
        ["involvedObject"] = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["namespace"] = pod.Namespace,
            ["name"] = pod.Name,
            ["uid"] = pod.Uid,
            ["fieldPath"] = container.Length > 0 ? $"spec.containers{{{container}}}" : "",
        },
        ["type"] = type,
        ["reason"] = reason,
        ["message"] = message.Length > 1000 ? message[..1000] : message,
        ["source"] = new JsonObject { ["component"] = "fairlead-pods", ["host"] = pod.NodeName },
        ["reportingComponent"] = "fairlead-pods",
        ["reportingInstance"] = pod.NodeName,
        ["firstTimestamp"] = now,
        ["lastTimestamp"] = now,
        ["count"] = 1,
    };
}

/// <summary>Times as the API writes them.</summary>
internal static class Timestamps
{
    internal static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    internal static string Micro(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
