using System.Collections.Immutable;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.State;

namespace Fairlead.Ingress.Translate;

/// <summary>Carries changes of the cluster's tables into the room's own, one pass at a time.</summary>
internal sealed class RoutePass : IDisposable
{
    private readonly IngressOptions _options;
    private readonly IngressTables _tables;
    private readonly ChangeFeed<ObjectKey, IngressRow> _ingresses;
    private readonly ChangeFeed<string, IngressClassRow> _classRows;
    private readonly ChangeFeed<ObjectKey, ServiceRow> _services;
    private readonly ChangeFeed<ObjectKey, EndpointSliceRow> _slices;
    private readonly ChangeFeed<string, NodeRow> _nodes;
    private readonly Func<bool> _isReady;

    private readonly ServedClasses _classes;
    private readonly BackendIndex _backends = new();
    private readonly Dictionary<ObjectKey, ServedIngress> _served = [];
    private readonly Dictionary<string, HashSet<ObjectKey>> _byClass = new(StringComparer.Ordinal);
    private readonly Claimants _owners = new();
    private readonly Claimants _aliases = new();
    private readonly Claimants _certificates = new();
    private readonly Claimants _defaults = new();
    private ServedIngress? _defaultOf;

    // What this pass has touched: each is done once.
    private readonly HashSet<ObjectKey> _told = [];
    private readonly HashSet<string> _hosts = new(StringComparer.Ordinal);
    private readonly HashSet<string> _certificateHosts = new(StringComparer.Ordinal);
    private readonly HashSet<ServedIngress> _newDefaults = [];

    public RoutePass(IngressOptions options, ClusterTables cluster, IngressTables tables, Wake wake)
    {
        (_options, _tables, _classes) = (options, tables, new ServedClasses(options));
        _ingresses = cluster.Ingresses.Subscribe();
        _classRows = cluster.IngressClasses.Subscribe();
        _services = cluster.Services.Subscribe();
        _slices = cluster.EndpointSlices.Subscribe();
        _nodes = cluster.Nodes.Subscribe();
        _ingresses.Signalled += wake.Ring;
        _classRows.Signalled += wake.Ring;
        _services.Signalled += wake.Ring;
        _slices.Signalled += wake.Ring;
        _nodes.Signalled += wake.Ring;
        _isReady = () => cluster.Ingresses.Initialized && cluster.IngressClasses.Initialized && cluster.Services.Initialized
            && cluster.EndpointSlices.Initialized && cluster.Nodes.Initialized;
    }

    /// <summary>How often the routes of a host were made.</summary>
    public long HostCompilations { get; private set; }

    /// <summary>The backends in use.</summary>
    public BackendIndex Backends => _backends;

    /// <summary>Applies what there is now; nothing before all tables are initialized.</summary>
    public void Run()
    {
        if (!_isReady())
        {
            return;
        }

        _told.UnionWith(_backends.Apply(_services.Take(), _slices.Take(), Resolver(_nodes.Take().Rows)));
        var ingresses = _ingresses.Take();
        foreach (var key in Reviewed(ingresses))
        {
            Review(key, ingresses.Rows.GetValueOrDefault(key));
        }

        CompileHosts();
        CompileDefault();
        CompileCertificates();
        Tell();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ingresses.Dispose();
        _classRows.Dispose();
        _services.Dispose();
        _slices.Dispose();
        _nodes.Dispose();
    }

    private BackendResolver Resolver(ImmutableDictionary<string, NodeRow> nodes) => new(_options.NodeName, nodes.GetValueOrDefault(_options.NodeName)?.Zone ?? "");

    /// <summary>The Ingresses that have changed, or whose class has.</summary>
    private HashSet<ObjectKey> Reviewed(Take<ObjectKey, IngressRow> ingresses)
    {
        foreach (var change in ingresses.Changes)
        {
            if (change.Old is { } old && _byClass.TryGetValue(ServedClasses.ClassOf(old), out var before))
            {
                before.Remove(change.Key);
            }

            if (change.New is { } now)
            {
                Of(ServedClasses.ClassOf(now)).Add(change.Key);
            }
        }

        var reviewed = ingresses.Changes.Select(change => change.Key).ToHashSet();
        var (classes, servedWithout) = (_classRows.Take(), _classes.ServesWithoutClass);
        _classes.Apply(classes.Rows);
        var names = classes.Changes.Select(change => change.Key).Concat(_classes.ServesWithoutClass == servedWithout ? [] : [""]);
        reviewed.UnionWith(names.SelectMany(name => _byClass.TryGetValue(name, out var keys) ? keys : []));
        return reviewed;
    }

    private HashSet<ObjectKey> Of(string className)
    {
        if (!_byClass.TryGetValue(className, out var keys))
        {
            _byClass[className] = keys = [];
        }

        return keys;
    }

    private void Review(ObjectKey key, IngressRow? row)
    {
        var old = _served.GetValueOrDefault(key);
        var now = row is not null && _classes.Serves(row) ? row : null;
        if (now is null ? old is null : old is not null && IsSame(old.Claims.Row, now))
        {
            return;
        }

        var served = now is null ? null : new ServedIngress(new IngressClaims(now));

        // A backend that both name stays the one it is, with what is known of it.
        foreach (var backend in served?.Claims.Backends ?? [])
        {
            _backends.Use(backend, key);
        }

        if (old is not null)
        {
            Part(old);
            foreach (var backend in old.Claims.Backends)
            {
                _backends.Leave(backend, key);
            }

            _served.Remove(key);
        }

        if (served is not null)
        {
            _served[key] = served;
            Join(served);
        }

        _told.Add(key);
    }

    /// <summary>Its status is what others have written: it changes nothing of what the Ingress asks for.</summary>
    private static bool IsSame(IngressRow left, IngressRow right) => left with { Addresses = default } == right with { Addresses = default };

    private void Join(ServedIngress ingress)
    {
        Touch(ingress);
        foreach (var (claimants, key) in ClaimsOf(ingress))
        {
            claimants.Add(key, ingress);
        }

        if (ingress.Claims.Default is not null)
        {
            _newDefaults.Add(ingress);
        }
    }

    private void Part(ServedIngress ingress)
    {
        Touch(ingress);
        foreach (var (claimants, key) in ClaimsOf(ingress))
        {
            claimants.Remove(key, ingress);
        }
    }

    /// <summary>Everything that others may ask for too, each with those that do.</summary>
    private IEnumerable<(Claimants Claimants, string Key)> ClaimsOf(ServedIngress ingress) =>
    [
        .. ingress.Claims.Hosts.Keys.Select(host => (_owners, host)),
        .. ingress.Claims.Aliases.Select(alias => (_aliases, alias)),
        .. ingress.Claims.Certificates.Keys.Select(host => (_certificates, host)),
        .. ingress.Claims.Default is null ? Array.Empty<(Claimants, string)>() : [(_defaults, "")],
    ];

    private void Touch(ServedIngress ingress)
    {
        _hosts.UnionWith(ingress.Claims.Hosts.Keys);
        _hosts.UnionWith(ingress.Claims.Aliases);
        _certificateHosts.UnionWith(ingress.Claims.Certificates.Keys);
    }

    private void CompileHosts()
    {
        foreach (var host in _hosts)
        {
            HostCompilations++;
            _tables.Routes.Set(host, HostCompiler.Compile(host, _owners.Of(host), _aliases.Of(host), _backends, (ingress, findings) =>
            {
                if (ingress.Lose(host, findings))
                {
                    _told.Add(ingress.Claims.Row.Key);
                }
            }));
        }

        _hosts.Clear();
    }

    /// <summary>Where everything goes that matches nothing: the oldest default backend.</summary>
    private void CompileDefault()
    {
        var owner = _defaults.Of("").Count > 0 ? _defaults.Of("")[0] : null;
        var isOther = owner != _defaultOf;
        _defaultOf = owner;
        if (isOther)
        {
            _tables.Routes.Default = owner is null ? null : HostCompiler.Otherwise("", owner, _backends);
        }

        foreach (var ingress in isOther ? _defaults.Of("") : [.. _newDefaults])
        {
            var finding = ingress == owner || ingress.Claims.Default == owner?.Claims.Default ? null : HostCompiler.Conflict(
                $"the default backend of what matches no rule is {owner!.Claims.Age.Over(ingress.Claims.Age)}: "
                + $"this one serves {(ingress.Claims.Hosts.Count > 0 ? "the other paths of its own hosts alone" : "nothing")}");
            if (finding != ingress.NoDefault)
            {
                ingress.NoDefault = finding;
                _told.Add(ingress.Claims.Row.Key);
            }
        }

        _newDefaults.Clear();
    }

    private void CompileCertificates()
    {
        foreach (var host in _certificateHosts)
        {
            var claimants = _certificates.Of(host);
            if (claimants.Count == 0)
            {
                _tables.Certificates.Delete(host);
            }
            else
            {
                _tables.Certificates.Upsert(host, new HostCertificateRow(claimants.SelectMany(ingress => ingress.Claims.Certificates[host]).Distinct().ToValueArray()));
            }
        }

        _certificateHosts.Clear();
        _tables.Certificates.MarkInitialized();
    }

    private void Tell()
    {
        foreach (var key in _told)
        {
            if (_served.TryGetValue(key, out var ingress))
            {
                _tables.Served.Upsert(key, ingress.Row(ingress.Claims.Backends.Select(_backends.Problem).OfType<IngressFinding>()));
            }
            else
            {
                _tables.Served.Delete(key);
            }
        }

        _told.Clear();
        _tables.Served.MarkInitialized();
    }
}
