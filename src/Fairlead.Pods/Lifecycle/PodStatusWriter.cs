using System.Text.Json.Nodes;
using System.Threading.Channels;
using Fairlead.Kube.Client;

namespace Fairlead.Pods.Lifecycle;

/// <summary>Writes a pod's status whenever it has changed, and removes the pod's object once its containers have ended.</summary>
internal sealed class PodStatusWriter(PodWorker pod)
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);

    private readonly Channel<bool> _dirty = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>The status has to be written anew.</summary>
    internal void Changed() => _dirty.Writer.TryWrite(true);

    /// <summary>Writes until cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var _ in _dirty.Reader.ReadAllAsync(cancellationToken))
            {
                await WriteOnceAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            pod.Context.Log.PodSays(pod.Spec.Key, "status is written no more");
        }
    }

    /// <summary>Removes the object; nothing happens when it is gone, or another of its name is there.</summary>
    internal async Task DeleteAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var options = new JsonObject { ["gracePeriodSeconds"] = 0, ["preconditions"] = new JsonObject { ["uid"] = pod.Spec.Uid } };
                await pod.Context.Api.DeleteAsync(ResourceTypes.Pods, pod.Spec.Namespace, pod.Spec.Name, options, cancellationToken);
                return;
            }
            catch (KubeException e) when (e.Code is 404 or 409)
            {
                return;
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // The loop's owner: a connection that takes too long is cancelled too, by its transport, and the object is still to be removed.
                pod.Context.Log.PodFailed(pod.Spec.Key, e.Message);
            }

            await Task.Delay(Retry, pod.Context.Time, cancellationToken);
        }
    }

    private async Task WriteOnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Spec.Uid }, ["status"] = pod.Status() };
            await pod.Context.Api.PatchAsync(ResourceTypes.Pods, pod.Spec.Namespace, pod.Spec.Name, "status", PatchKind.Merge, patch, cancellationToken);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            pod.Context.Log.PodSays(pod.Spec.Key, "is gone from the API");
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // The loop's owner: a connection that takes too long is cancelled too, by its transport, and the status is still to be written.
            pod.Context.Log.StatusFailed(pod.Spec.Key, e.Message);
            await Task.Delay(Retry, pod.Context.Time, cancellationToken);
            Changed();
        }
    }
}
