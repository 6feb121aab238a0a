using System.Collections.Concurrent;
using Fairlead.Cluster.Model;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Dns.Kubernetes;

/// <summary>
/// The cluster's names, kept up with the tables. One writer applies changes, at a cost of the Services they touch; any number of readers
/// find a Service by the bytes of a query, without allocation.
/// </summary>
internal sealed class ZoneIndex(string zone, TimeProvider time)
{
    private readonly ConcurrentDictionary<byte[], ServiceNames> _services = new(LabelComparer.Instance);
    private readonly ConcurrentDictionary<byte[], bool> _namespaces = new(LabelComparer.Instance);
    private readonly ReverseNames _reverse = new();
    private readonly Dictionary<ObjectKey, Dictionary<ObjectKey, EndpointSliceRow>> _slices = [];
    private volatile bool _synced;
    private volatile uint _serial = (uint)time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>The zone's name without dots at the ends, lower case.</summary>
    public string Zone => zone;

    /// <summary>Every table has listed once: before that a missing name means nothing.</summary>
    public bool Synced => _synced;

    /// <summary>The SOA's serial: time of the last change in Unix seconds.</summary>
    public uint Serial => _serial;

    /// <summary>The Service whose <c>service.namespace</c>, in wire form without root, is <paramref name="key"/>; or null.</summary>
    public ServiceNames? FindService(ReadOnlySpan<byte> key) =>
        _services.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var names) ? names : null;

    /// <summary>Whether the namespace exists. <paramref name="label"/> has its length byte.</summary>
    public bool HasNamespace(ReadOnlySpan<byte> label) => _namespaces.GetAlternateLookup<ReadOnlySpan<byte>>().ContainsKey(label);

    /// <summary>The Services that give an address a name; null when none does.</summary>
    public ServiceNames[]? FindAddress(IpAddr address) => _reverse.Find(address);

    /// <summary>Applies what the tables' feeds gave.</summary>
    public void Apply(Take<ObjectKey, ServiceRow> services, Take<ObjectKey, EndpointSliceRow> slices, Take<string, NamespaceRow> namespaces)
    {
        foreach (var change in namespaces.Changes)
        {
            ApplyNamespace(change);
        }

        var touched = services.Changes.Select(change => change.Key).ToHashSet();
        foreach (var change in slices.Changes)
        {
            ApplySlice(change, touched);
        }

        foreach (var key in touched)
        {
            Publish(key, services.Rows.GetValueOrDefault(key));
        }

        if (touched.Count > 0 || namespaces.Changes.Count > 0)
        {
            _serial = (uint)time.GetUtcNow().ToUnixTimeSeconds();
        }

        _synced = services.Initialized && slices.Initialized && namespaces.Initialized;
    }

    private static byte[]? Key(string dotted) => DnsName.TryEncode(dotted, out var name) ? name[..^1] : null;

    private void ApplyNamespace(Change<string, NamespaceRow> change)
    {
        if (Key(change.Key) is not { } label)
        {
            return;
        }

        if (change.New is null)
        {
            _namespaces.TryRemove(label, out _);
        }
        else
        {
            _namespaces[label] = true;
        }
    }

    private void ApplySlice(Change<ObjectKey, EndpointSliceRow> change, HashSet<ObjectKey> touched)
    {
        if (change.Old is { } old && _slices.TryGetValue(old.Service, out var before))
        {
            before.Remove(change.Key);
            if (before.Count == 0)
            {
                _slices.Remove(old.Service);
            }

            touched.Add(old.Service);
        }

        if (change.New is { Service.Name.Length: > 0 } now)
        {
            if (!_slices.TryGetValue(now.Service, out var after))
            {
                _slices[now.Service] = after = [];
            }

            after[change.Key] = now;
            touched.Add(now.Service);
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
        var now = row is null ? null : ServiceNamesCompiler.Compile(row, slices is null ? [] : slices, zone);
        if (now is not null)
        {
            _services[wireKey] = now;
        }
        else
        {
            _services.TryRemove(wireKey, out _);
        }

        _reverse.Replace(old, now);
    }
}
