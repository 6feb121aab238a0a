using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Balancer.Announce;

/// <summary>
/// Keeps the announcements up to date with the rows they follow from. A change costs as much as the Services it concerns: a slice its own Service,
/// a node that comes or goes all balanced ones.
/// </summary>
internal sealed class AnnouncementCompiler(string node)
{
    private readonly Dictionary<ObjectKey, ServiceRow> _services = [];
    private readonly Dictionary<ObjectKey, Dictionary<ObjectKey, EndpointSliceRow>> _slices = [];
    private readonly Dictionary<ObjectKey, ValueArray<AnnouncementRow>> _announced = [];
    private readonly HashSet<ObjectKey> _dirty = [];
    private IReadOnlyList<NodeRow> _nodes = [];
    private Dictionary<IpAddr, AnnouncementRow> _current = [];

    /// <summary>Takes in what changed; returns the announcements as they are now, of every balanced Service: the same object when none of them changed.</summary>
    public IReadOnlyDictionary<IpAddr, AnnouncementRow> Apply(
        IReadOnlyCollection<Change<ObjectKey, ServiceRow>> services,
        IReadOnlyCollection<Change<ObjectKey, EndpointSliceRow>> slices,
        Take<string, NodeRow> nodes)
    {
        foreach (var change in services)
        {
            OnService(change);
        }

        foreach (var change in slices)
        {
            OnSlice(change.Key, change.Old, change.New);
        }

        if (nodes.Changes.Any(change => Election.MayAnswer(change.Old ?? Absent) != Election.MayAnswer(change.New ?? Absent)))
        {
            _nodes = [.. nodes.Rows.Values];
            _dirty.UnionWith(_services.Keys);
        }

        var changed = false;
        foreach (var key in _dirty)
        {
            changed |= Elect(key);
        }

        _dirty.Clear();
        _current = changed ? Announcements() : _current;
        return _current;
    }

    private static readonly NodeRow Absent = new() { Name = "" };

    private static bool IsBalanced(ServiceRow? service) => service is { Type: ServiceType.LoadBalancer, LoadBalancerIPs.Count: > 0 };

    private void OnService(Change<ObjectKey, ServiceRow> change)
    {
        if (IsBalanced(change.New))
        {
            _services[change.Key] = change.New!;
            _dirty.Add(change.Key);
        }
        else if (_services.Remove(change.Key))
        {
            _dirty.Add(change.Key);
        }
    }

    private void OnSlice(ObjectKey key, EndpointSliceRow? old, EndpointSliceRow? slice)
    {
        if (old is not null && _slices.TryGetValue(old.Service, out var before))
        {
            before.Remove(key);
            if (before.Count == 0)
            {
                _slices.Remove(old.Service);
            }

            _dirty.Add(old.Service);
        }

        if (slice is not null)
        {
            if (!_slices.TryGetValue(slice.Service, out var slices))
            {
                _slices[slice.Service] = slices = [];
            }

            slices[key] = slice;
            _dirty.Add(slice.Service);
        }
    }

    /// <summary>True when that changes what is announced.</summary>
    private bool Elect(ObjectKey key)
    {
        if (!_services.TryGetValue(key, out var service))
        {
            return _announced.Remove(key);
        }

        List<SliceEndpoint> endpoints = _slices.TryGetValue(key, out var slices) ? [.. slices.Values.SelectMany(slice => slice.Endpoints)] : [];
        var before = _announced.GetValueOrDefault(key);
        var after = service.LoadBalancerIPs.Select(address =>
        {
            var owner = Election.Owner(service, address, _nodes, endpoints) ?? "";
            return new AnnouncementRow(address, key, owner, owner == node);
        }).ToValueArray();
        _announced[key] = after;
        return before != after;
    }

    /// <summary>An address that two Services claim belongs to the one that comes first by key, on every node alike.</summary>
    private Dictionary<IpAddr, AnnouncementRow> Announcements()
    {
        var rows = new Dictionary<IpAddr, AnnouncementRow>();
        foreach (var row in _announced.Values.SelectMany(announced => announced))
        {
            if (!rows.TryGetValue(row.Address, out var other) || row.Service < other.Service)
            {
                rows[row.Address] = row;
            }
        }

        return rows;
    }
}
