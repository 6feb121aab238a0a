using Fairlead.Cluster;
using Fairlead.Proxy.Compile;
using Fairlead.Proxy.Drift;
using Fairlead.Proxy.Frontends;

namespace Fairlead.Proxy.Inspection;

/// <summary>
/// What a node does with the cluster's Services by their objects alone: the plan that its kernel is to hold, and why each endpoint is used or not. By the same
/// rules as the room, and without a kernel.
/// </summary>
public sealed class PlannedNode
{
    private readonly ProxyCompiler _compiler;
    private readonly ServiceView _view;
    private readonly ProxyOptions _options;

    /// <summary>Compiles the plan of one node.</summary>
    /// <param name="tables">The cluster.</param>
    /// <param name="options">The room's; <see cref="ProxyOptions.NodeName"/> says which node. One that the cluster does not have has no node ports.</param>
    public PlannedNode(ClusterTables tables, ProxyOptions options)
    {
        _options = options;
        var row = tables.Nodes.Get(options.NodeName) ?? new NodeRow { Name = options.NodeName };
        var node = NodeView.Of(row, options, [], tables.ServiceCidrs.Snapshot().Values);
        var (services, slices) = (tables.Services.Snapshot(), tables.EndpointSlices.Snapshot());
        _compiler = new ProxyCompiler(options);
        _compiler.Update(
            [.. services.Select(pair => new Change<ObjectKey, ServiceRow>(pair.Key, null, pair.Value))],
            [.. slices.Select(pair => new Change<ObjectKey, EndpointSliceRow>(pair.Key, null, pair.Value))], node);
        var rows = _compiler.Plan.ToDictionary(pair => pair.Key, pair => new FrontendRow(pair.Value, FrontendStatus.Done, ""));
        _view = new ServiceView(new ServiceMoment(services, slices.Values.ToLookup(slice => slice.Service), rows, new TableDrift(), _compiler.Node, options), InspectionDepth.Endpoints);
    }

    /// <summary>What accepts at an address, protocol and port; null: no Service does.</summary>
    public Frontend? At(FrontendKey key) => _compiler.Plan.GetValueOrDefault(key);

    /// <summary>Every endpoint that a frontend has or could have, in order, each with the reason why it is used or not.</summary>
    public IReadOnlyList<InspectedEndpoint> EndpointsOf(Frontend frontend) =>
        _view.All(new InspectionQuery(frontend.Service.Namespace, frontend.Service.Name)).SelectMany(service => service.Frontends ?? [])
            .FirstOrDefault(other => other.Address == $"{frontend.Key.Address}" && other.Port == frontend.Key.Port
                && other.Protocol.Equals($"{frontend.Key.Protocol}", StringComparison.OrdinalIgnoreCase))?.Endpoints ?? [];

    /// <summary>Why a Service has no frontends; empty when it has.</summary>
    public string LeftAlone(ServiceRow service) => ServiceCompiler.LeftAlone(service, _options);

    /// <summary>What of a Service is not served on this node, one sentence each.</summary>
    public ValueArray<string> WarningsOf(ObjectKey service) => _compiler.Warnings.GetValueOrDefault(service);
}
