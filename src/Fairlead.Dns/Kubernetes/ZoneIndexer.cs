using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns.Config;
using Fairlead.State;

namespace Fairlead.Dns.Kubernetes;

/// <summary>Carries changes of the tables into the index.</summary>
internal sealed class ZoneIndexer : IDisposable
{
    private readonly ClusterTables _tables;
    private readonly ZoneIndex _index;
    private readonly OnDemandTable<ObjectKey, ServiceRow>.Reading? _imports;
    private readonly ChangeFeed<ObjectKey, ServiceRow> _services;
    private readonly ChangeFeed<ObjectKey, EndpointSliceRow> _slices;
    private readonly ChangeFeed<string, NamespaceRow> _namespaces;
    private readonly ChangeFeed<ObjectKey, PodRow>? _pods;

    /// <param name="tables">Services or ServiceImports, EndpointSlices, namespaces and pods.</param>
    /// <param name="index">What is kept up with them.</param>
    /// <param name="wake">Rung when there is something to apply.</param>
    public ZoneIndexer(ClusterTables tables, ZoneIndex index, Wake wake)
    {
        (_tables, _index) = (tables, index);
        _imports = index.Options.Imports ? tables.ServiceImports.Read() : null;
        _services = (_imports?.Table ?? tables.Services).Subscribe();
        _slices = tables.EndpointSlices.Subscribe();
        _namespaces = tables.Namespaces.Subscribe();
        _services.Signalled += wake.Ring;
        _slices.Signalled += wake.Ring;
        _namespaces.Signalled += wake.Ring;
        if (index.Options.Pods == PodNames.Verified)
        {
            _pods = tables.Pods.Subscribe();
            _pods.Signalled += wake.Ring;
        }
    }

    /// <summary>The index.</summary>
    public ZoneIndex Index => _index;

    /// <summary>Applies what there is now.</summary>
    public void Apply() => _index.Apply(_services.Take(), _slices.Take(), _namespaces.Take(), _pods?.Take(), _tables.Services.Get(_index.Server));

    public void Dispose()
    {
        _services.Dispose();
        _slices.Dispose();
        _namespaces.Dispose();
        _pods?.Dispose();
        _imports?.Dispose();
    }
}
