using System.Diagnostics.CodeAnalysis;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Chain;

/// <summary>Values by zone; a name has the value of the longest zone it is in. Nothing is allocated by a search.</summary>
internal sealed class ZoneMap<T>
{
    private readonly Dictionary<byte[], T> _zones = new(LabelComparer.Instance);
    private readonly int[] _labels;

    /// <param name="zones">Zones in dotted form; the empty one is the root. Of several values for a zone the first holds.</param>
    /// <exception cref="FormatException">A zone is no DNS name.</exception>
    public ZoneMap(IEnumerable<KeyValuePair<string, T>> zones)
    {
        foreach (var (zone, value) in zones)
        {
            _zones.TryAdd(DnsName.Encode(zone), value);
        }

        _labels = [.. _zones.Keys.Select(Count).Distinct().OrderDescending()];
    }

    /// <summary>The value of the longest zone that <paramref name="name"/> is in; false when it is in none.</summary>
    public bool TryFind(scoped QueryName name, [MaybeNullWhen(false)] out T value)
    {
        var lookup = _zones.GetAlternateLookup<ReadOnlySpan<byte>>();
        foreach (var labels in _labels)
        {
            if (labels <= name.Count && lookup.TryGetValue(name.From(name.Count - labels), out value))
            {
                return true;
            }
        }

        value = default;
        return false;
    }

    private static int Count(byte[] zone)
    {
        var count = 0;
        for (var at = 0; zone[at] != 0; at += 1 + zone[at])
        {
            count++;
        }

        return count;
    }
}

/// <summary>A set of zones.</summary>
internal sealed class ZoneSet(IEnumerable<string> zones)
{
    private readonly ZoneMap<bool> _zones = new(zones.Select(zone => KeyValuePair.Create(zone, true)));

    /// <summary>The name is in one of the zones.</summary>
    public bool Contains(scoped QueryName name) => _zones.TryFind(name, out _);
}
