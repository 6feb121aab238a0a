using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.State;

namespace Fairlead.Dns.Kubernetes;

/// <summary>Carries changes of the tables into the index.</summary>
internal sealed class ZoneIndexer : IDisposable
{
    private readonly ZoneIndex _index;
    private readonly ChangeFeed<ObjectKey, ServiceRow> _services;
    private readonly ChangeFeed<ObjectKey, EndpointSliceRow> _slices;
    private readonly ChangeFeed<string, NamespaceRow> _namespaces;
    private readonly Wake _wake = new();

    public ZoneIndexer(ClusterTables tables, ZoneIndex index)
    {
        _index = index;
        _services = tables.Services.Subscribe();
        _slices = tables.EndpointSlices.Subscribe();
        _namespaces = tables.Namespaces.Subscribe();
        _services.Signalled += _wake.Ring;
        _slices.Signalled += _wake.Ring;
        _namespaces.Signalled += _wake.Ring;
    }

    /// <summary>Raised after a batch was applied.</summary>
    public event Action? Applied;

    /// <summary>Applies what there is now.</summary>
    public void Apply()
    {
        _index.Apply(_services.Take(), _slices.Take(), _namespaces.Take());
        Applied?.Invoke();
    }

    /// <summary>Applies changes as they come, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Apply();
            await _wake.WaitAsync(cancellationToken);
        }
    }

    public void Dispose()
    {
        _services.Dispose();
        _slices.Dispose();
        _namespaces.Dispose();
    }
}
