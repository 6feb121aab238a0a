using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;
using Fairlead.Proxy.Frontends;

namespace Fairlead.Proxy.Nftables;

/// <summary>
/// Clients as earlier agents had them remembered: by frontend instead of by Service port, in the maps <c>affinity4</c> and <c>affinity6</c>, with ids that
/// each frontend counted for itself. An upgrade takes them over, each with its whole time before it.
/// </summary>
internal static class FormerAffinity
{
    /// <summary>Adds to <paramref name="tx"/>, which makes the table of now, the clients that the table as it was read remembers and whose endpoints are still there.</summary>
    public static void CarryOver(
        Ruleset actual, SlotReader slots, IReadOnlyDictionary<FrontendKey, Committed> committed, ProxySchema schema, Transaction tx)
    {
        foreach (var family in schema.Families)
        {
            if (!actual.Containers.TryGetValue("affinity" + family.Suffix, out var former))
            {
                continue;
            }

            var clients = new Dictionary<Datum, Element>();
            foreach (var element in former.Elements.Values.Where(element => element.Key.Length == (2 * family.Family.Bytes) + 8))
            {
                var (client, key) = (element.Key.Bytes[..family.Family.Bytes].ToArray(), element.Key.Bytes[family.Family.Bytes..].ToArray());
                var frontend = FrontendElements.FrontendOf(Datum.FromBytes(key), family.Family);
                if (committed.TryGetValue(frontend, out var now) && !now.Group.IsNone && IdOf(now, frontend, slots, BitConverter.ToUInt32(element.Value.Bytes)) is { } id)
                {
                    var place = Datum.Of(IpAddr.FromBytes(client), now.Group);
                    clients.TryAdd(place, Element.Of(place, Datum.Of(id)) with { Timeout = TimeSpan.FromSeconds(now.Frontend.AffinitySeconds) });
                }
            }

            tx.Add(new Elements(family.Clients, (IReadOnlyList<Element>)[.. clients.Values]));
        }
    }

    private static uint? IdOf(Committed now, FrontendKey frontend, SlotReader slots, uint formerId)
    {
        foreach (var local in new[] { false, true })
        {
            foreach (var former in slots.Of(frontend, local).Where(former => former.Id == formerId))
            {
                foreach (var slot in now.Slots(local).Where(slot => slot.Endpoint == former.Endpoint))
                {
                    return slot.Id;
                }
            }
        }

        return null;
    }
}
