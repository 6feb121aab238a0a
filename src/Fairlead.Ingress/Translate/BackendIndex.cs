using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.State;

namespace Fairlead.Ingress.Translate;

/// <summary>
/// The backends that routes lead to, each as long as an Ingress names it. A change of a Service or of its endpoints costs the backends of that Service,
/// and no route.
/// </summary>
internal sealed class BackendIndex
{
    private readonly Dictionary<BackendKey, Used> _backends = [];
    private readonly Dictionary<ObjectKey, List<Used>> _byService = [];
    private readonly Dictionary<ObjectKey, Dictionary<ObjectKey, EndpointSliceRow>> _slices = [];
    private ImmutableDictionary<ObjectKey, ServiceRow> _services = ImmutableDictionary<ObjectKey, ServiceRow>.Empty;
    private BackendResolver _resolver = new("", "");

    /// <summary>How often a backend was looked up in its Service and slices.</summary>
    public long Resolutions { get; private set; }

    /// <summary>How many there are.</summary>
    public int Count => _backends.Count;

    /// <summary>A backend in use.</summary>
    public Backend Get(BackendKey key) => _backends[key].Backend;

    /// <summary>What is to be told of a backend in use; null: nothing.</summary>
    public IngressFinding? Problem(BackendKey key) => _backends[key].Problem;

    /// <summary>An Ingress names a backend from now on.</summary>
    public void Use(BackendKey key, ObjectKey ingress)
    {
        if (!_backends.TryGetValue(key, out var used))
        {
            _backends[key] = used = new Used(new Backend(key));
            if (!_byService.TryGetValue(key.Service, out var ofService))
            {
                _byService[key.Service] = ofService = [];
            }

            ofService.Add(used);
            Resolve(used);
        }

        used.Count(ingress, 1);
    }

    /// <summary>An Ingress names a backend no more.</summary>
    public void Leave(BackendKey key, ObjectKey ingress)
    {
        var used = _backends[key];
        used.Count(ingress, -1);
        if (used.Ingresses.Count == 0)
        {
            _backends.Remove(key);
            var ofService = _byService[key.Service];
            ofService.Remove(used);
            if (ofService.Count == 0)
            {
                _byService.Remove(key.Service);
            }
        }
    }

    /// <summary>Takes what there is now.</summary>
    /// <returns>The Ingresses that have something else to be told than before.</returns>
    public IReadOnlySet<ObjectKey> Apply(Take<ObjectKey, ServiceRow> services, Take<ObjectKey, EndpointSliceRow> slices, BackendResolver resolver)
    {
        _services = services.Rows;
        var changed = services.Changes.Select(change => change.Key).ToHashSet();
        foreach (var change in slices.Changes)
        {
            Move(change, changed);
        }

        var isMoved = resolver != _resolver;
        _resolver = resolver;
        var told = new HashSet<ObjectKey>();
        foreach (var used in isMoved ? _backends.Values : changed.SelectMany(service => _byService.TryGetValue(service, out var of) ? of : []))
        {
            if (Resolve(used))
            {
                told.UnionWith(used.Ingresses.Keys);
            }
        }

        return told;
    }

    /// <summary>A slice may go from one Service to another.</summary>
    private void Move(Change<ObjectKey, EndpointSliceRow> change, HashSet<ObjectKey> changed)
    {
        if (change.Old is { } old && _slices.TryGetValue(old.Service, out var before))
        {
            changed.Add(old.Service);
            before.Remove(change.Key);
            if (before.Count == 0)
            {
                _slices.Remove(old.Service);
            }
        }

        // Of no Service: its name is null.
        if (change.New is { Service.Name: not null } now)
        {
            changed.Add(now.Service);
            if (!_slices.TryGetValue(now.Service, out var slices))
            {
                _slices[now.Service] = slices = [];
            }

            slices[change.Key] = now;
        }
    }

    /// <returns>What is to be told has changed.</returns>
    private bool Resolve(Used used)
    {
        Resolutions++;
        var service = used.Backend.Key.Service;
        var (state, problem) = _resolver.Resolve(
            used.Backend.Key, _services.GetValueOrDefault(service), _slices.TryGetValue(service, out var slices) ? slices.Values : []);
        if (used.Backend.State != state)
        {
            used.Backend.State = state;
        }

        var isTold = used.Problem != problem;
        used.Problem = problem;
        return isTold;
    }

    private sealed class Used(Backend backend)
    {
        public Backend Backend { get; } = backend;

        public IngressFinding? Problem { get; set; }

        /// <summary>Who names it, with how many of its claims at a time: while an Ingress is replaced, the old and the new.</summary>
        public Dictionary<ObjectKey, int> Ingresses { get; } = [];

        public void Count(ObjectKey ingress, int by)
        {
            var count = Ingresses.GetValueOrDefault(ingress) + by;
            _ = count == 0 ? Ingresses.Remove(ingress) : (Ingresses[ingress] = count) > 0;
        }
    }
}
