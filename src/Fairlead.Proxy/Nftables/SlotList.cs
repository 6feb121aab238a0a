using System.Buffers.Binary;
using Fairlead.Proxy.Frontends;

namespace Fairlead.Proxy.Nftables;

/// <summary>One slot: an endpoint, and the id affinity knows it by.</summary>
internal readonly record struct Slot(Endpoint Endpoint, uint Id);

/// <summary>
/// Endpoints in slots 0 to count - 1, as the kernel holds them. Slots depend on history, so that a change moves as little as possible: an endpoint that goes
/// leaves a hole, the last slot moves into it; one that comes is appended. Ids do not: an endpoint has the same at every frontend it serves, so that a client
/// stays with it from one to the other.
/// </summary>
internal static class SlotList
{
    /// <summary>The first id: a rule tells an id from a <see cref="BalanceCode"/>, which none is.</summary>
    public const uint FirstId = (BalanceCode.MaxAffinitySeconds + 1u) << BalanceCode.CountBits;

    /// <summary>Slots for <paramref name="wanted"/>, which are in order, as near to <paramref name="before"/> as can be.</summary>
    /// <param name="before">The slots there were.</param>
    /// <param name="wanted">The endpoints there are to be.</param>
    /// <param name="withIds">Clients stay with endpoints: they need ids. Otherwise all are 0.</param>
    public static ValueArray<Slot> Assign(ValueArray<Slot> before, ValueArray<Endpoint> wanted, bool withIds = true)
    {
        var remaining = new HashSet<Endpoint>();
        foreach (var endpoint in wanted.Take(BalanceCode.MaxCount))
        {
            remaining.Add(endpoint);
        }

        var ids = withIds ? Ids(wanted.Take(BalanceCode.MaxCount)) : null;
        var slots = before.Select(slot => slot.Endpoint).ToList();
        for (var i = slots.Count - 1; i >= 0; i--)
        {
            if (!remaining.Remove(slots[i]))
            {
                slots[i] = slots[^1];
                slots.RemoveAt(slots.Count - 1);
            }
        }

        return slots.Concat(remaining.Order()).Select(endpoint => new Slot(endpoint, ids?[endpoint] ?? 0)).ToValueArray();
    }

    /// <summary>Made from address and port; where two are the same, which is rare, the later has the next. It is the same as long as the others are.</summary>
    private static Dictionary<Endpoint, uint> Ids(IEnumerable<Endpoint> endpoints)
    {
        var (ids, taken) = (new Dictionary<Endpoint, uint>(), new HashSet<uint>());
        foreach (var endpoint in endpoints)
        {
            var id = IdOf(endpoint);
            while (!ids.ContainsKey(endpoint) && !taken.Add(id))
            {
                id = id == uint.MaxValue - 1 ? FirstId : id + 1;
            }

            ids.TryAdd(endpoint, id);
        }

        return ids;
    }

    /// <summary>FNV-1a of address and port, brought between <see cref="FirstId"/> and the last number but one.</summary>
    internal static uint IdOf(Endpoint endpoint)
    {
        Span<byte> bytes = stackalloc byte[18];
        var length = endpoint.Address.WriteBytes(bytes);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[length..], endpoint.Port);
        var hash = 2_166_136_261u;
        foreach (var octet in bytes[..(length + 2)])
        {
            hash = unchecked((hash ^ octet) * 16_777_619u);
        }

        return FirstId + (hash % (uint.MaxValue - FirstId));
    }
}
