using Fairlead.Proxy.Frontends;

namespace Fairlead.Proxy.Nftables;

/// <summary>One slot: an endpoint, and the id affinity knows it by.</summary>
internal readonly record struct Slot(Endpoint Endpoint, int Id);

/// <summary>
/// Endpoints in slots 0 to count - 1, as the kernel holds them. Slots depend on history, so that a change moves as little as possible: an endpoint that goes
/// leaves a hole, the last slot moves into it; one that comes is appended.
/// </summary>
internal static class SlotList
{
    /// <summary>Slots for <paramref name="wanted"/>, as near to <paramref name="before"/> as can be. Ids of those that stay, stay.</summary>
    public static ValueArray<Slot> Assign(ValueArray<Slot> before, ValueArray<Endpoint> wanted)
    {
        var remaining = new HashSet<Endpoint>();
        foreach (var endpoint in wanted.Take(BalanceCode.MaxCount))
        {
            remaining.Add(endpoint);
        }

        var slots = new List<Slot>(before);
        var ids = new SortedSet<int>();
        for (var i = slots.Count - 1; i >= 0; i--)
        {
            if (remaining.Remove(slots[i].Endpoint))
            {
                ids.Add(slots[i].Id);
                continue;
            }

            slots[i] = slots[^1];
            slots.RemoveAt(slots.Count - 1);
        }

        var next = 0;
        foreach (var endpoint in remaining.Order())
        {
            while (!ids.Add(next))
            {
                next++;
            }

            slots.Add(new Slot(endpoint, next));
        }

        return slots.ToValueArray();
    }
}
