using System.Buffers.Binary;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Values;
using Fairlead.Proxy.Frontends;

namespace Fairlead.Proxy.Nftables;

/// <summary>
/// Which slots the kernel holds, read from a table: so that a restart moves no endpoint, and no client with affinity, that need not move. What does not make
/// sense there is left out; it is put right by the commit that follows.
/// </summary>
internal sealed class SlotReader
{
    private readonly Dictionary<(FrontendKey Key, bool Local), List<(int Index, Slot Slot)>> _slots = [];

    public SlotReader(Ruleset ruleset, ProxySchema schema)
    {
        foreach (var family in schema.Families)
        {
            foreach (var local in new[] { false, true })
            {
                Read(ruleset, family, ProxyChains.ScopeOf(family, local), local);
            }
        }
    }

    /// <summary>Frontends that have any.</summary>
    public IEnumerable<FrontendKey> Frontends => _slots.Keys.Select(scope => scope.Key).Distinct();

    /// <summary>Slots of a frontend from 0 on, up to the first that is missing.</summary>
    public ValueArray<Slot> Of(FrontendKey key, bool local)
    {
        if (!_slots.TryGetValue((key, local), out var found))
        {
            return default;
        }

        found.Sort((left, right) => left.Index.CompareTo(right.Index));
        return found.TakeWhile((item, index) => item.Index == index).Select(item => item.Slot).ToValueArray();
    }

    private void Read(Ruleset ruleset, FamilySchema family, ScopeSchema scope, bool local)
    {
        var pods = ruleset.Containers.GetValueOrDefault(family.Hairpins.Name)?.Elements;
        foreach (var (key, slot, value) in Elements(ruleset, scope.Endpoints.Name, family))
        {
            Put(key, local, (int)slot, new Slot(EndpointOf(value, family, pods), slot));
        }

        var byId = new Dictionary<(FrontendKey, uint), Endpoint>();
        foreach (var (key, id, value) in Elements(ruleset, scope.StickyEndpoints.Name, family))
        {
            byId[(key, id)] = EndpointOf(value, family, pods);
        }

        foreach (var (key, slot, value) in Elements(ruleset, scope.StickySlots.Name, family))
        {
            var id = BitConverter.ToUInt32(value.Bytes);
            if (byId.TryGetValue((key, id), out var endpoint))
            {
                Put(key, local, (int)slot, new Slot(endpoint, id));
            }
        }
    }

    private void Put(FrontendKey key, bool local, int index, Slot slot)
    {
        if (!_slots.TryGetValue((key, local), out var slots))
        {
            _slots[(key, local)] = slots = [];
        }

        slots.Add((index, slot));
    }

    private static IEnumerable<(FrontendKey Key, uint Number, Datum Value)> Elements(Ruleset ruleset, string map, FamilySchema family)
    {
        if (!ruleset.Containers.TryGetValue(map, out var content))
        {
            yield break;
        }

        var width = family.Family.Bytes;
        foreach (var element in content.Elements.Values.Where(element => element.Key.Length == width + 12))
        {
            yield return (FrontendElements.FrontendOf(element.Key, family.Family), FrontendElements.SlotOf(element.Key), element.Value);
        }
    }

    private static Endpoint EndpointOf(Datum value, FamilySchema family, IReadOnlyDictionary<Datum, Element>? pods)
    {
        var address = IpAddr.FromBytes(value.Bytes[..family.Family.Bytes]);
        var isLocalPod = pods is { Count: > 0 } && pods.ContainsKey(Datum.Of(address, address));
        return new Endpoint(address, BinaryPrimitives.ReadUInt16BigEndian(value.Bytes[family.Family.Bytes..]), isLocalPod);
    }
}
