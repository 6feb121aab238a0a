using Fairlead.Linux;
using Fairlead.Pods.Containers;
using Fairlead.Pods.Lifecycle;

namespace Fairlead.Pods.Streaming;

/// <summary>Gives a stand-in a root and a process 1 when something is first executed in it; they last as long as the pod.</summary>
internal sealed class Holders(PodsContext context) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    /// <exception cref="StreamRefusal">500: it cannot be made.</exception>
    internal async Task<(Holder Holder, ContainerLaunch Launch)> OfAsync(PodWorker pod, ContainerRecord container, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            container.Launch ??= await pod.Plan.LaunchAsync(container.Spec, ["sh"], cancellationToken);
            if (container.Holder is not { Ended: false })
            {
                container.Holder = Holder.Start(container.Launch, context.Reactor);
                pod.Remember();
            }

            // The pod may have begun to end meanwhile, and its worker found nothing to kill.
            if (pod.Stopping.IsCancellationRequested)
            {
                container.Holder.Kill();
                throw new StreamRefusal(404, $"pod \"{pod.Spec.Name}\" is being deleted");
            }

            return (container.Holder, container.Launch);
        }
        catch (Exception e) when (e is ContainerConfigFailure or ContainerFailure or LinuxException or IOException)
        {
            throw new StreamRefusal(500, $"cannot make a root for stand-in \"{container.Spec.Name}\" of pod \"{pod.Spec.Name}\": {e.Message}");
        }
        finally
        {
            _one.Release();
        }
    }
}
