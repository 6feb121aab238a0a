using Fairlead.Kube.Client;
using Fairlead.Linux;
using Fairlead.Pods.Containers;

namespace Fairlead.Pods.Lifecycle;

/// <summary>Gives a stand-in of a pod a root and a process 1 when something is first executed in it; they last until the stand-in has ended.</summary>
internal sealed class Holders(PodWorker pod)
{
    private readonly Lock _gate = new();
    private readonly HashSet<ContainerRecord> _ended = [];

    /// <summary>The process whose namespaces are to be entered, and what a container there would be started with.</summary>
    /// <exception cref="ContainerFailure">It cannot be made, or the stand-in has ended.</exception>
    internal async Task<(Holder Holder, ContainerLaunch Launch)> OfAsync(ContainerRecord container, CancellationToken cancellationToken)
    {
        try
        {
            var launch = container.Launch ??= await pod.Plan.LaunchAsync(container.Spec, ["sh"], cancellationToken);
            if (container.Holder is { Ended: false } running)
            {
                return (running, launch);
            }

            var holder = await pod.Context.Starts(pod.Node).RunAsync(() => Task.FromResult(Start(container, launch)), cancellationToken);
            pod.Remember();
            return (holder, launch);
        }
        catch (Exception e) when (e is ContainerConfigFailure or ContainerFailure or LinuxException or IOException or KubeException or HttpRequestException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new ContainerFailure($"cannot make a root for stand-in \"{container.Spec.Name}\" of pod \"{pod.Spec.Name}\": {e.Message}");
        }
    }

    /// <summary>Ends it with every process executed in it, and for good.</summary>
    internal async Task EndAsync(ContainerRecord container)
    {
        Holder? holder;
        lock (_gate)
        {
            _ended.Add(container);
            holder = container.Holder;
        }

        if (holder is not null)
        {
            holder.Kill();
            await holder.WaitAsync();
        }
    }

    private Holder Start(ContainerRecord container, ContainerLaunch launch)
    {
        lock (_gate)
        {
            return _ended.Contains(container) ? throw new ContainerFailure("it has ended")
                : container.Holder is { Ended: false } running ? running
                : container.Holder = Holder.Start(launch, pod.Context.Reactor);
        }
    }
}
