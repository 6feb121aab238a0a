using Fairlead.Proxy.Frontends;
using Fairlead.Proxy.Health;

namespace Fairlead.Proxy.Compile;

/// <summary>
/// Frontends, health checks and warnings that changed: null and empty mean gone. <see cref="NodeChanged"/>: the node's own ranges may have changed too.
/// </summary>
internal sealed record PlanChange(
    IReadOnlyDictionary<FrontendKey, Frontend?> Frontends, IReadOnlyDictionary<ObjectKey, HealthCheckRow?> HealthChecks,
    IReadOnlyDictionary<ObjectKey, ValueArray<string>> Warnings, bool NodeChanged)
{
    /// <summary>Nothing for the kernel to do.</summary>
    public bool IsEmpty => Frontends.Count == 0 && !NodeChanged;
}

/// <summary>
/// Keeps the plan of one node up to date. A change costs what the Services it touches cost, never the cluster: slices are indexed by their Service, and
/// claims on an address by that address. Knows no datapath and reads no clock; the same rows give the same plan in whatever order they came.
/// </summary>
internal sealed class ProxyCompiler(ProxyOptions options)
{
    private readonly Dictionary<ObjectKey, ServiceRow> _services = [];
    private readonly Dictionary<ObjectKey, Dictionary<ObjectKey, EndpointSliceRow>> _slices = [];
    private readonly Dictionary<ObjectKey, CompiledService> _compiled = [];

    // First by name first. All but a few have one claimant: an array of one is the least that can be held of it.
    private readonly Dictionary<FrontendKey, Frontend[]> _claims = [];
    private readonly Dictionary<FrontendKey, Frontend> _plan = [];
    private readonly Dictionary<ObjectKey, HealthCheckRow> _healthChecks = [];
    private readonly Dictionary<ObjectKey, ValueArray<string>> _warnings = [];

    /// <summary>The plan: every frontend of this node.</summary>
    public IReadOnlyDictionary<FrontendKey, Frontend> Plan => _plan;

    /// <summary>What of Services is not served; only those with something to say.</summary>
    public IReadOnlyDictionary<ObjectKey, ValueArray<string>> Warnings => _warnings;

    /// <summary>The node the plan is for.</summary>
    public NodeView Node { get; private set; } = new(options.NodeName, "", default, default);

    /// <summary>Takes changed rows in; returns what that changes in the plan.</summary>
    public PlanChange Update(
        IReadOnlyList<Change<ObjectKey, ServiceRow>> services, IReadOnlyList<Change<ObjectKey, EndpointSliceRow>> slices, NodeView? node)
    {
        var touched = new HashSet<ObjectKey>();
        foreach (var change in services)
        {
            Touch(change, touched);
        }

        foreach (var change in slices)
        {
            Touch(change, touched);
        }

        var now = (node ?? Node) with { Untracked = options.ServedByNode.Any(touched.Contains) ? Untracked() : Node.Untracked };
        var nodeChanged = now != Node;
        if (nodeChanged && now != Node with { Untracked = now.Untracked })
        {
            touched.UnionWith(_services.Keys);
        }

        Node = now;

        var keys = new HashSet<FrontendKey>();
        var checks = new Dictionary<ObjectKey, HealthCheckRow?>();
        foreach (var key in touched)
        {
            var service = _services.GetValueOrDefault(key);
            IReadOnlyCollection<EndpointSliceRow> its = _slices.TryGetValue(key, out var byKey) ? byKey.Values : [];
            Recompile(key, service is null ? default : ServiceCompiler.Compile(service, its, Node, options), keys);
            Recheck(key, service is null ? null : HealthCheckCompiler.Compile(service, its, Node), checks);
        }

        var frontends = Settle(keys);
        touched.UnionWith(keys.SelectMany(key => _claims.TryGetValue(key, out var claims) ? claims.Select(claim => claim.Service) : []));
        return new PlanChange(frontends, checks, Rewarn(touched), nodeChanged);
    }

    private ValueArray<FrontendKey> Untracked() => options.ServedByNode.Select(_services.GetValueOrDefault).OfType<ServiceRow>()
        .SelectMany(service => service.ClusterIPs.SelectMany(address => service.Ports.Select(port => new FrontendKey(address, port.Protocol, port.Port))))
        .Distinct().ToValueArray();

    private void Touch(Change<ObjectKey, ServiceRow> change, HashSet<ObjectKey> touched)
    {
        touched.Add(change.Key);
        if (change.New is { } service)
        {
            _services[change.Key] = service;
        }
        else
        {
            _services.Remove(change.Key);
        }
    }

    private void Touch(Change<ObjectKey, EndpointSliceRow> change, HashSet<ObjectKey> touched)
    {
        if (change.Old is { } old && _slices.TryGetValue(old.Service, out var mine) && mine.Remove(change.Key))
        {
            touched.Add(old.Service);
            _ = mine.Count == 0 && _slices.Remove(old.Service);
        }

        if (change.New is { LeftToOtherProxy: false } slice && slice.Service != default)
        {
            touched.Add(slice.Service);
            if (!_slices.TryGetValue(slice.Service, out var its))
            {
                _slices[slice.Service] = its = [];
            }

            its[change.Key] = slice;
        }
    }

    private void Recheck(ObjectKey key, HealthCheckRow? after, Dictionary<ObjectKey, HealthCheckRow?> changed)
    {
        if (after == _healthChecks.GetValueOrDefault(key))
        {
            return;
        }

        changed[key] = after;
        if (after is null)
        {
            _healthChecks.Remove(key);
        }
        else
        {
            _healthChecks[key] = after;
        }
    }

    private void Recompile(ObjectKey key, CompiledService after, HashSet<FrontendKey> keys)
    {
        var before = _compiled.GetValueOrDefault(key);
        if (before == after)
        {
            return;
        }

        foreach (var frontend in before.Frontends)
        {
            keys.Add(frontend.Key);
            Withdraw(frontend.Key, key);
        }

        foreach (var frontend in after.Frontends)
        {
            keys.Add(frontend.Key);
            Claim(frontend);
        }

        if (after == default)
        {
            _compiled.Remove(key);
        }
        else
        {
            _compiled[key] = after;
        }
    }

    /// <summary>What changed of what these Services are to be told: their own faults, and addresses that others have.</summary>
    private Dictionary<ObjectKey, ValueArray<string>> Rewarn(IEnumerable<ObjectKey> services)
    {
        var changed = new Dictionary<ObjectKey, ValueArray<string>>();
        foreach (var key in services)
        {
            var compiled = _compiled.GetValueOrDefault(key);
            var lost = compiled.Frontends.Where(frontend => _plan[frontend.Key].Service != key)
                .Select(frontend => ServiceWarnings.OfLostClaim(frontend, _plan[frontend.Key]));
            var after = compiled.Warnings.Concat(lost).ToValueArray();
            if (after == _warnings.GetValueOrDefault(key))
            {
                continue;
            }

            changed[key] = after;
            if (after.Count == 0)
            {
                _warnings.Remove(key);
            }
            else
            {
                _warnings[key] = after;
            }
        }

        return changed;
    }

    private void Claim(Frontend frontend)
    {
        var others = _claims.GetValueOrDefault(frontend.Key) ?? [];

        // Two ports of one Service with the same number and protocol are refused by the API; should they come, the first stays.
        if (!Array.Exists(others, other => other.Service == frontend.Service))
        {
            _claims[frontend.Key] = others.Length == 0 ? [frontend] : [.. others.Append(frontend).OrderBy(claim => claim.Service)];
        }
    }

    private void Withdraw(FrontendKey key, ObjectKey service)
    {
        if (!_claims.TryGetValue(key, out var claims))
        {
            return;
        }

        if (Array.FindAll(claims, claim => claim.Service != service) is { Length: > 0 } left)
        {
            _claims[key] = left;
        }
        else
        {
            _claims.Remove(key);
        }
    }

    /// <summary>
    /// Where two Services claim the same address, protocol and port, the earlier <see cref="FrontendKind"/> has it, then the one first by name, in whatever
    /// order they came: an address the cluster gave is not taken by one that was only asked for.
    /// </summary>
    private Dictionary<FrontendKey, Frontend?> Settle(HashSet<FrontendKey> keys)
    {
        var changed = new Dictionary<FrontendKey, Frontend?>();
        foreach (var key in keys)
        {
            var before = _plan.GetValueOrDefault(key);
            var after = _claims.TryGetValue(key, out var claims) ? claims.MinBy(frontend => frontend.Kind) : null;
            if (Equals(before, after))
            {
                continue;
            }

            changed[key] = after;
            if (after is null)
            {
                _plan.Remove(key);
            }
            else
            {
                _plan[key] = after;
            }
        }

        return changed;
    }
}
