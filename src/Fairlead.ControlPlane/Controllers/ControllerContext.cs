using Fairlead.Cluster.Controllers;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Client;
using Microsoft.Extensions.Logging;

namespace Fairlead.ControlPlane.Controllers;

/// <summary>What the controllers share: the API, time, and one informer per kind with the indexes that several need.</summary>
internal sealed class ControllerContext
{
    private readonly ILoggerFactory _loggers;

    public ControllerContext(IKubeApi api, ControllerOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        Api = api;
        Options = options;
        Time = time;
        _loggers = loggers;
        Reflectors = new SharedReflectors(api, time, loggers.CreateLogger("Fairlead.ControlPlane.Controllers.Reflectors"));
        Pods = Reflectors.Inform(ResourceTypes.Pods, PodInfo.Read);
        Nodes = Reflectors.Inform(ResourceTypes.Nodes, NodeInfo.Read);
        Services = Reflectors.Inform(ResourceTypes.Services, ServiceInfo.Read);
        Slices = Reflectors.Inform(ResourceTypes.EndpointSlices, SliceInfo.Read);
        Endpoints = Reflectors.Inform(ResourceTypes.Endpoints, EndpointsInfo.Read);
        ReplicaSets = Reflectors.Inform(ResourceTypes.ReplicaSets, ReplicaSetInfo.Read);
        Deployments = Reflectors.Inform(ResourceTypes.Deployments, DeploymentInfo.Read);
        PodsByNamespace = Pods.AddIndex(pod => [pod.Meta.Key.Namespace]);
        PodsByNode = Pods.AddIndex(pod => pod.NodeName.Length > 0 && !pod.IsFinished ? [pod.NodeName] : []);
        PodsByOwner = Pods.AddIndex(pod => pod.Meta.Controller is { } owner ? [owner.Uid] : []);
        OrphanPods = Pods.AddIndex(pod => pod.Meta.Controller is null ? [pod.Meta.Key.Namespace] : []);
        ServicesByNamespace = Services.AddIndex(service => [service.Meta.Key.Namespace]);
        SlicesByService = Slices.AddIndex(slice => slice.Service.Name is { Length: > 0 } ? [slice.Service.ToString()] : []);
        SetsByOwner = ReplicaSets.AddIndex(set => set.Meta.Controller is { } owner ? [owner.Uid] : []);
        SetsByNamespace = ReplicaSets.AddIndex(set => [set.Meta.Key.Namespace]);
    }

    /// <summary>Every kind of stored object, each once: events.k8s.io/v1 is another name for core Events.</summary>
    public IReadOnlyList<ResourceType> Kinds { get; } =
        [.. KindTable.All.Select(kind => kind.Type).Where(type => type != ResourceTypes.EventsV1)];

    public IKubeApi Api { get; }

    public ControllerOptions Options { get; }

    public TimeProvider Time { get; }

    public SharedReflectors Reflectors { get; }

    public Informer<PodInfo> Pods { get; }

    public Informer<NodeInfo> Nodes { get; }

    public Informer<ServiceInfo> Services { get; }

    public Informer<SliceInfo> Slices { get; }

    public Informer<EndpointsInfo> Endpoints { get; }

    public Informer<ReplicaSetInfo> ReplicaSets { get; }

    public Informer<DeploymentInfo> Deployments { get; }

    public InformerIndex<PodInfo> PodsByNamespace { get; }

    /// <summary>Pods that are not finished, by the node they are bound to.</summary>
    public InformerIndex<PodInfo> PodsByNode { get; }

    /// <summary>Pods by the uid of the controller that owns them.</summary>
    public InformerIndex<PodInfo> PodsByOwner { get; }

    /// <summary>Pods that nobody controls, by namespace: a ReplicaSet may adopt them.</summary>
    public InformerIndex<PodInfo> OrphanPods { get; }

    public InformerIndex<ServiceInfo> ServicesByNamespace { get; }

    /// <summary>Slices by <c>namespace/service</c>.</summary>
    public InformerIndex<SliceInfo> SlicesByService { get; }

    /// <summary>ReplicaSets by the uid of the Deployment that owns them.</summary>
    public InformerIndex<ReplicaSetInfo> SetsByOwner { get; }

    public InformerIndex<ReplicaSetInfo> SetsByNamespace { get; }

    /// <summary>The kind an ownerReference names, or null when the server has no such kind.</summary>
    public static ResourceType? FindKind(string apiVersion, string kind) => KindTable.FindByKind(apiVersion, kind)?.Type;

    public ILogger Logger(string controller) => _loggers.CreateLogger("Fairlead.ControlPlane.Controllers." + controller);

    public EventRecorder Recorder(string component) => new(Api, component, "", Time, Logger("Events"));

    public ReconcileLoop<TKey> Loop<TKey>(string name, Func<TKey, CancellationToken, Task> reconcile, int workers, int rest = 0)
        where TKey : notnull => new(name, reconcile, workers, Time, Logger(name)) { Rest = rest };
}
