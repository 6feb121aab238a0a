using System.Collections.Concurrent;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Kubernetes;

/// <summary>A name that an address has: a label (or none) under a Service's name.</summary>
internal readonly record struct ReverseName(byte[] Label, byte[] Service);

/// <summary>Names by address, for PTR. One writer, any number of readers.</summary>
internal sealed class ReverseNames
{
    private readonly ConcurrentDictionary<IpAddr, ReverseName[]> _names = new();

    /// <summary>The names of an address; null when it has none.</summary>
    public ReverseName[]? Find(IpAddr address) => _names.GetValueOrDefault(address);

    /// <summary>Replaces what one Service gave its addresses.</summary>
    public void Replace(ServiceNames? old, ServiceNames? now)
    {
        var wanted = (now is null ? [] : Of(now)).ToLookup(pair => pair.Address, pair => pair.Name);
        var touched = (old is null ? [] : Of(old).Select(pair => pair.Address)).Concat(wanted.Select(group => group.Key)).ToHashSet();
        var service = (now ?? old)?.Name ?? [];
        foreach (var address in touched)
        {
            var others = Find(address)?.Where(name => !name.Service.AsSpan().SequenceEqual(service)) ?? [];
            ReverseName[] names = [.. others, .. wanted[address]];
            if (names.Length > 0)
            {
                _names[address] = names;
            }
            else
            {
                _names.TryRemove(address, out _);
            }
        }
    }

    // A cluster address has the Service's own name; an endpoint has its own under every Service it serves.
    private static IEnumerable<(IpAddr Address, ReverseName Name)> Of(ServiceNames names) => names.Endpoints
        .Select(endpoint => (endpoint.Address, new ReverseName(endpoint.Label, names.Name)))
        .Concat(names.IsHeadless ? [] : names.Addresses.Select(own => (own.Address, new ReverseName([], names.Name))));
}
