using System.Collections.Concurrent;
using Fairlead.Cluster.Model;
using Fairlead.Dns.Config;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Dns.Kubernetes;

/// <summary>
/// The cluster's names, kept up with the tables. One writer applies changes, at a cost of the Services they touch; any number of readers
/// find a Service by the bytes of a query, without allocation.
/// </summary>
/// <param name="options">Which names there are.</param>
/// <param name="server">Who the server is.</param>
/// <param name="time">Clock.</param>
internal sealed class ZoneIndex(KubernetesOptions options, DnsOptions server, TimeProvider time)
{
    private readonly ConcurrentDictionary<byte[], ServiceNames> _services = new(LabelComparer.Instance);
    private readonly Lock _applying = new();
    private readonly ConcurrentDictionary<byte[], bool> _namespaces = new(LabelComparer.Instance);
    private readonly ReverseNames _reverse = new();
    private readonly Dictionary<ObjectKey, Dictionary<ObjectKey, EndpointSliceRow>> _slices = [];
    private volatile NamedAddress[] _serverAddresses = NameLess(server.FallbackAddresses);
    private volatile bool _synced;
    private volatile uint _serial = (uint)time.GetUtcNow().ToUnixTimeSeconds();
    private bool _serialGiven;

    /// <summary>Which names there are: zones and times are those of who answers.</summary>
    public KubernetesOptions Options => options;

    /// <summary>The server's own Service.</summary>
    public ObjectKey Server => server.Service;

    /// <summary>Every table has listed once: before that a missing name means nothing.</summary>
    public bool Synced => _synced;

    /// <summary>The SOA's serial: time of the last change in Unix seconds, or more, where a zone of that serial was given away before a change.</summary>
    public uint Serial => _serial;

    /// <summary>Where the server itself is found, whatever of the cluster is served.</summary>
    public NamedAddress[] ServerAddresses => _serverAddresses;

    /// <summary>Pods by their addresses; empty unless pod names are verified.</summary>
    public PodAddresses Pods { get; } = new();

    /// <summary>The Service whose <c>service.namespace</c>, in wire form without root, is <paramref name="key"/>; or null.</summary>
    public ServiceNames? FindService(ReadOnlySpan<byte> key) =>
        _services.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var names) ? names : null;

    /// <summary>Whether the namespace exists and is served. <paramref name="label"/> has its length byte.</summary>
    public bool HasNamespace(ReadOnlySpan<byte> label) => _namespaces.GetAlternateLookup<ReadOnlySpan<byte>>().ContainsKey(label);

    /// <summary>The Services that give an address a name; null when none does.</summary>
    public ServiceNames[]? FindAddress(IpAddr address) => _reverse.Find(address);

    /// <summary>All that is known between two batches of changes: what a zone is given away from. It holds references, and no name.</summary>
    public ZoneSnapshot Snapshot()
    {
        lock (_applying)
        {
            _serialGiven = true;
            return new ZoneSnapshot([.. _services.Select(one => one.Value)], _serverAddresses, _serial);
        }
    }

    /// <summary>Applies what the tables' feeds gave.</summary>
    /// <param name="services">Services, or what is imported as such.</param>
    /// <param name="slices">Their endpoints.</param>
    /// <param name="namespaces">Namespaces.</param>
    /// <param name="pods">Pods; null when their names are not verified.</param>
    /// <param name="own">The server's own Service; null: it is not known.</param>
    public void Apply(
        Take<ObjectKey, ServiceRow> services, Take<ObjectKey, EndpointSliceRow> slices, Take<string, NamespaceRow> namespaces, Take<ObjectKey, PodRow>? pods,
        ServiceRow? own)
    {
        lock (_applying)
        {
            ApplyAll(services, slices, namespaces, pods, own);
        }
    }

    private void ApplyAll(
        Take<ObjectKey, ServiceRow> services, Take<ObjectKey, EndpointSliceRow> slices, Take<string, NamespaceRow> namespaces, Take<ObjectKey, PodRow>? pods,
        ServiceRow? own)
    {
        var touched = services.Changes.Select(change => change.Key).ToHashSet();
        ApplyNamespaces(namespaces, services.Rows.Keys, touched);
        foreach (var change in slices.Changes)
        {
            ApplySlice(change, touched);
        }

        foreach (var change in pods?.Changes ?? [])
        {
            Pods.Apply(change);
        }

        foreach (var key in touched)
        {
            var row = services.Rows.GetValueOrDefault(key);
            Publish(key, row is not null && IsServed(key.Namespace, namespaces) ? row : null);
        }

        var addresses = own is { ClusterIPs.Count: > 0 } ? own.ClusterIPs : server.FallbackAddresses;
        var hasMoved = !addresses.SequenceEqual(_serverAddresses.Select(one => one.Address));
        if (hasMoved)
        {
            _serverAddresses = NameLess(addresses);
        }

        if (hasMoved || touched.Count + namespaces.Changes.Count + (pods?.Changes.Count ?? 0) > 0)
        {
            // Who holds the zone with that serial must see that it has changed since, within the same second too.
            _serial = Math.Max((uint)time.GetUtcNow().ToUnixTimeSeconds(), _serialGiven ? _serial + 1 : _serial);
            _serialGiven = false;
        }

        _synced = services.Initialized && slices.Initialized && namespaces.Initialized && pods?.Initialized != false;
    }

    private static NamedAddress[] NameLess(IReadOnlyList<IpAddr> addresses) => [.. addresses.Select(address => new NamedAddress([], address))];

    private static byte[]? Key(string dotted) => DnsName.TryEncode(dotted, out var name) ? name[..^1] : null;

    // A Service stands for its namespace, whose own row may be seen later; only labels of the namespace cannot be known without it.
    private bool IsServed(string name, Take<string, NamespaceRow> namespaces) =>
        (options.Namespaces.Count == 0 || options.Namespaces.Contains(name))
        && (options.NamespaceLabels is not { } wanted || (namespaces.Rows.TryGetValue(name, out var row) && wanted.Matches(row.Labels)));

    private void ApplyNamespaces(Take<string, NamespaceRow> namespaces, IEnumerable<ObjectKey> services, HashSet<ObjectKey> touched)
    {
        HashSet<string> turned = [];
        foreach (var change in namespaces.Changes)
        {
            if (Key(change.Key) is { } label)
            {
                var served = change.New is not null && IsServed(change.Key, namespaces);
                if (served ? _namespaces.TryAdd(label, true) : _namespaces.TryRemove(label, out _))
                {
                    turned.Add(change.Key);
                }
            }
        }

        if (turned.Count > 0 && options.NamespaceLabels is not null)
        {
            touched.UnionWith(services.Where(service => turned.Contains(service.Namespace)));
        }
    }

    private void ApplySlice(Change<ObjectKey, EndpointSliceRow> change, HashSet<ObjectKey> touched)
    {
        if (change.Old is { } old && _slices.TryGetValue(options.ServiceOf(old), out var before))
        {
            before.Remove(change.Key);
            if (before.Count == 0)
            {
                _slices.Remove(options.ServiceOf(old));
            }

            touched.Add(options.ServiceOf(old));
        }

        if (change.New is { } now && options.ServiceOf(now) is { Name.Length: > 0 } service)
        {
            if (!_slices.TryGetValue(service, out var after))
            {
                _slices[service] = after = [];
            }

            after[change.Key] = now;
            touched.Add(service);
        }
    }

    private void Publish(ObjectKey key, ServiceRow? row)
    {
        if (Key($"{key.Name}.{key.Namespace}") is not { } wireKey)
        {
            return;
        }

        var old = FindService(wireKey);
        var slices = _slices.GetValueOrDefault(key)?.Values;
        var now = row is null ? null : ServiceNamesCompiler.Compile(row, slices is null ? [] : slices, options);
        if (now is not null)
        {
            _services[wireKey] = now;
        }
        else
        {
            _services.TryRemove(wireKey, out _);
        }

        // Reverse names are those of Services alone, as CoreDNS has it.
        if (!options.Imports)
        {
            _reverse.Replace(old, now);
        }
    }
}
