using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cni.Ipam;

/// <summary>
/// The node's pod addresses: which are used, and where to look next. An address that was given back is used again only after all others were,
/// so that peers, caches and connection tracking have forgotten it. Not for several threads.
/// </summary>
internal sealed class AddressPool
{
    private readonly HashSet<IpAddr> _used = [];
    private readonly Dictionary<IpNet, IpAddr> _last = [];

    /// <summary>The ranges to allocate from, at most one per family; others may still have used addresses.</summary>
    internal ValueArray<IpNet> Ranges { get; set; }

    /// <summary>Where each range was allocated from last; kept over restarts.</summary>
    internal IReadOnlyDictionary<IpNet, IpAddr> Last => _last;

    /// <summary>Number of addresses in use.</summary>
    internal int Used => _used.Count;

    /// <summary>Restores where a range was allocated from last.</summary>
    internal void SetLast(IpNet range, IpAddr address) => _last[range] = address;

    /// <summary>Takes an address that is in use already.</summary>
    /// <returns>False when it was taken before.</returns>
    internal bool Take(IpAddr address) => _used.Add(address);

    /// <summary>Gives an address back.</summary>
    internal void Release(IpAddr address) => _used.Remove(address);

    /// <summary>Allocates one address of every range, or none at all: empty when a range is full or there are no ranges.</summary>
    internal ValueArray<IpAddr> Allocate()
    {
        var found = new List<IpAddr>(Ranges.Count);
        foreach (var range in Ranges)
        {
            if (Find(range) is not { IsNone: false } address)
            {
                return default;
            }

            found.Add(address);
        }

        for (var i = 0; i < found.Count; i++)
        {
            _used.Add(found[i]);
            _last[Ranges[i]] = found[i];
        }

        return found.ToValueArray();
    }

    /// <summary>
    /// First and last usable address of a range. The first of all is the network's, the next one what other plugins give their gateway (a node taken
    /// over from one may still have it on a bridge), the last of IPv4 the broadcast address.
    /// </summary>
    internal static (IpAddr First, IpAddr Last) Bounds(IpNet range)
    {
        var family = range.Address.Family;
        var hostBits = family.Bits - range.Prefix;
        if (hostBits < 2)
        {
            return (range.Address, range.Last);
        }

        var last = family == IpFamily.V4 ? range.Last.Value - 1 : range.Last.Value;
        return (IpAddr.FromValue(family, range.Address.Value + 2), IpAddr.FromValue(family, last));
    }

    private IpAddr Find(IpNet range)
    {
        var (first, last) = Bounds(range);
        var at = _last.TryGetValue(range, out var before) && before >= first && before < last
            ? IpAddr.FromValue(first.Family, before.Value + 1)
            : first;

        // Of n + 1 addresses at least one is none of the n used ones, so that the search ends early even in a /64.
        var size = last.Value - first.Value + 1;
        var tries = UInt128.Min(size, (UInt128)_used.Count + 1);
        for (UInt128 i = 0; i < tries; i++)
        {
            if (!_used.Contains(at))
            {
                return at;
            }

            at = at == last ? first : IpAddr.FromValue(first.Family, at.Value + 1);
        }

        return default;
    }
}
