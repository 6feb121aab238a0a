using System.Collections.Concurrent;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Kubernetes;

/// <summary>
/// Which Services give an address a name, for PTR. One writer, any number of readers. The names themselves are the Services': an entry per endpoint of the
/// cluster is held here, and nothing more for each.
/// </summary>
internal sealed class ReverseNames
{
    private readonly ConcurrentDictionary<IpAddr, ServiceNames[]> _holders = new();

    /// <summary>The Services that name an address; null when none does.</summary>
    public ServiceNames[]? Find(IpAddr address) => _holders.GetValueOrDefault(address);

    /// <summary>Replaces what one Service gave its addresses.</summary>
    public void Replace(ServiceNames? old, ServiceNames? now)
    {
        var service = (now ?? old)?.Stem ?? [];
        ServiceNames[] alone = now is null ? [] : [now];
        foreach (var address in Of(now))
        {
            _holders[address] = Others(address, service) is { Length: > 0 } others ? [.. others, .. alone] : alone;
        }

        var kept = old is null ? [] : Of(now).ToHashSet();
        foreach (var address in Of(old).Where(address => !kept.Contains(address)))
        {
            if (Others(address, service) is { Length: > 0 } others)
            {
                _holders[address] = others;
            }
            else
            {
                _holders.TryRemove(address, out _);
            }
        }
    }

    private ServiceNames[] Others(IpAddr address, byte[] service) =>
        Find(address) is { } there ? Array.FindAll(there, names => !names.Stem.AsSpan().SequenceEqual(service)) : [];

    private static IEnumerable<IpAddr> Of(ServiceNames? names) => names is null ? []
        : names.Endpoints.Select(endpoint => endpoint.Address).Concat(names.IsHeadless ? [] : names.Addresses.Select(own => own.Address));
}
