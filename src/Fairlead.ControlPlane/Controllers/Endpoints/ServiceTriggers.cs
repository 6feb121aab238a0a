using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Selectors;

namespace Fairlead.ControlPlane.Controllers.Endpoints;

/// <summary>Which Services' endpoints a change may touch: those whose selector matches the pod's labels, before or after.</summary>
internal static class ServiceTriggers
{
    public static void Connect(ControllerContext context, WorkQueue<ObjectKey> queue)
    {
        context.Services.Changed += (old, service) => queue.Add((service ?? old)!.Meta.Key);
        context.Pods.Changed += (old, pod) => OnPod(context, queue, old, pod);
        context.Nodes.Changed += (old, node) =>
        {
            // Pods carry their node's zone.
            if (old?.Zone == node?.Zone)
            {
                return;
            }

            foreach (var pod in context.PodsByNode[(node ?? old)!.Name])
            {
                Add(context, queue, pod.Meta.Key.Namespace, pod.Meta.Labels);
            }
        };
    }

    /// <summary>The pods that <paramref name="service"/> selects.</summary>
    public static IReadOnlyList<PodInfo> Selected(ControllerContext context, ServiceInfo service) =>
        [.. context.PodsByNamespace[service.Meta.Key.Namespace].Where(pod => Matches(service, pod.Meta.Labels))];

    private static void OnPod(ControllerContext context, WorkQueue<ObjectKey> queue, PodInfo? old, PodInfo? pod)
    {
        if (old is not null && pod is not null && SameEndpoint(old, pod))
        {
            return;
        }

        if (pod is not null)
        {
            Add(context, queue, pod.Meta.Key.Namespace, pod.Meta.Labels);
        }

        if (old is not null && (pod is null || !pod.Meta.Labels.Equals(old.Meta.Labels)))
        {
            Add(context, queue, old.Meta.Key.Namespace, old.Meta.Labels);
        }
    }

    private static bool SameEndpoint(PodInfo old, PodInfo pod) =>
        old.Meta.Uid == pod.Meta.Uid
        && old.Meta.Labels.Equals(pod.Meta.Labels)
        && old.IPs == pod.IPs
        && old.IsReady == pod.IsReady
        && old.IsFinished == pod.IsFinished
        && old.IsTerminating == pod.IsTerminating
        && old.NodeName == pod.NodeName;

    private static void Add(ControllerContext context, WorkQueue<ObjectKey> queue, string space, Labels labels)
    {
        foreach (var service in context.ServicesByNamespace[space])
        {
            if (Matches(service, labels))
            {
                queue.Add(service.Meta.Key);
            }
        }
    }

    private static bool Matches(ServiceInfo service, Labels labels) =>
        service.Selector is { } selector && selector.All(pair => labels[pair.Key] == pair.Value);
}
