using Fairlead.Cluster;
using Fairlead.Dns.Config;
using Fairlead.Dns.Kubernetes;
using Fairlead.State;

namespace Fairlead.Dns.Chain;

/// <summary>
/// The indexes that a configuration needs, kept up with the tables by one loop. One that the next configuration needs too goes on, so that a changed text costs
/// no new reading of the tables.
/// </summary>
/// <param name="tables">Services, EndpointSlices, namespaces and pods.</param>
/// <param name="server">Who the server is.</param>
/// <param name="time">Clock.</param>
internal sealed class ZoneIndexes(ClusterTables tables, DnsOptions server, TimeProvider time) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Wake _wake = new();
    private Dictionary<KubernetesOptions, ZoneIndexer> _indexers = [];
    private ClientPods? _clients;

    /// <summary>Raised after a batch was applied.</summary>
    public event Action? Applied;

    /// <summary>Every table of this cluster has listed once, and the indexes hold what they said. What is imported, which a server may never have, is not waited for.</summary>
    public bool Synced
    {
        get
        {
            lock (_gate)
            {
                return _indexers.Values.All(indexer => indexer.Index.Synced || indexer.Index.Options.Imports);
            }
        }
    }

    /// <summary>Gives <paramref name="choose"/> a way to its indexes, which hold what the tables do; indexes that it does not ask for end.</summary>
    public T Replace<T>(Func<Func<KubernetesOptions, ZoneIndex>, T> choose)
    {
        lock (_gate)
        {
            var (old, now) = (_indexers, new Dictionary<KubernetesOptions, ZoneIndexer>());
            var chosen = choose(options => Get(NamesOf(options), old, now).Index);
            foreach (var ended in old.Where(one => !now.ContainsKey(one.Key)))
            {
                ended.Value.Dispose();
            }

            _indexers = now;
            return chosen;
        }
    }

    /// <summary>The pods whose names may be completed here.</summary>
    public ClientPods Clients
    {
        get
        {
            lock (_gate)
            {
                return _clients ??= new ClientPods(tables, server, time, _wake);
            }
        }
    }

    /// <summary>Applies what there is now.</summary>
    public void Apply()
    {
        lock (_gate)
        {
            _clients?.Apply();
            foreach (var indexer in _indexers.Values)
            {
                indexer.Apply();
            }
        }

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

    /// <inheritdoc/>
    public void Dispose()
    {
        _clients?.Dispose();
        foreach (var indexer in _indexers.Values)
        {
            indexer.Dispose();
        }
    }

    private ZoneIndexer Get(KubernetesOptions key, Dictionary<KubernetesOptions, ZoneIndexer> old, Dictionary<KubernetesOptions, ZoneIndexer> now)
    {
        if (!now.TryGetValue(key, out var indexer))
        {
            if (!old.TryGetValue(key, out indexer))
            {
                indexer = new ZoneIndexer(tables, new ZoneIndex(key, server, time), _wake);
                indexer.Apply();
            }

            now[key] = indexer;
        }

        return indexer;
    }

    // What an index is made of: what of the options decides which names there are, in whatever zone.
    private static KubernetesOptions NamesOf(KubernetesOptions options) =>
        options with { Zones = [], Multicluster = [], Ttl = 0, Pods = options.Pods == PodNames.Verified ? PodNames.Verified : default, Fallthrough = [], OwnRanges = [] };
}
