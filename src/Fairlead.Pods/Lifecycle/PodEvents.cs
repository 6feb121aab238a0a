using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Lifecycle;

/// <summary>Tells of one pod by Events, one after the other; nothing waits for them.</summary>
internal sealed class PodEvents(PodsContext context, PodSpec pod)
{
    private readonly EventRecorder _recorder = new(context.Api, "fairlead-pods", pod.NodeName, context.Time, context.Log);
    private readonly Lock _gate = new();
    private Task _last = Task.CompletedTask;

    internal void Normal(string reason, string message, string container = "") =>
        Enqueue(subject => _recorder.NormalAsync(subject, reason, message, CancellationToken.None), container);

    internal void Warning(string reason, string message, string container = "") =>
        Enqueue(subject => _recorder.WarningAsync(subject, reason, message, CancellationToken.None), container);

    private void Enqueue(Func<EventSubject, Task> record, string container)
    {
        var path = container.Length > 0 ? $"spec.containers{{{container}}}" : "";
        var subject = new EventSubject("v1", "Pod", new ObjectKey(pod.Namespace, pod.Name), pod.Uid, path);
        lock (_gate)
        {
            _last = WriteAsync(_last, record, subject);
        }
    }

    private async Task WriteAsync(Task before, Func<EventSubject, Task> record, EventSubject subject)
    {
        await before;
        try
        {
            await record(subject);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Events are a courtesy: whatever a transport throws, the pod goes on.
            context.Log.EventFailed(pod.Key, e.Message);
        }
    }
}
