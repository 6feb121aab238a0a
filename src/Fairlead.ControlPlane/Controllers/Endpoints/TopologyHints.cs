using System.Globalization;

namespace Fairlead.ControlPlane.Controllers.Endpoints;

/// <summary>What came of the wish for zone hints; <see cref="Problem"/> is empty when there are hints.</summary>
internal sealed record HintOutcome(string AddressType, string Problem);

/// <summary>
/// Gives each ready endpoint of a Service with <c>topology-mode: Auto</c> a zone to serve: its own, unless another zone has more clients than endpoints
/// (KEP-2433). Pure, and the same whatever the order of events.
/// </summary>
internal static class TopologyHints
{
    /// <summary>How much more than its fair part of the traffic an endpoint may get.</summary>
    private const double Overload = 0.2;

    /// <summary>Chooses.</summary>
    /// <param name="zones">The zone that each ready endpoint is in, in a fixed order.</param>
    /// <param name="shares">The parts of the zones.</param>
    /// <returns>The zone that each endpoint serves, or why none gets a hint.</returns>
    public static (IReadOnlyList<string> Zones, string Problem) For(IReadOnlyList<string> zones, ZoneShares shares)
    {
        if (shares.Shares is not { } parts)
        {
            return ([], "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes");
        }

        var counts = string.Create(CultureInfo.InvariantCulture, $"({zones.Count} endpoints, {parts.Count} zones)");
        if (parts.Count > zones.Count)
        {
            return ([], $"Insufficient number of endpoints {counts}");
        }

        // What a zone needs so that no endpoint of it is overloaded, and what would be fair.
        var least = parts.ToDictionary(part => part.Key, part => (int)Math.Ceiling(part.Value * zones.Count * (1 / (1 + Overload))));
        if (least.Values.Sum() > zones.Count)
        {
            return ([], $"Unable to allocate minimum required endpoints to each zone without exceeding overload threshold {counts}");
        }

        if (zones.Contains(""))
        {
            return ([], "One or more endpoints do not have a zone specified");
        }

        var desired = parts.ToDictionary(part => part.Key, part => Math.Max(part.Value * zones.Count, least[part.Key]));
        return (Redistribute(zones, Moves(zones, desired)), "");
    }

    /// <summary>Which zone gives an endpoint to which, one by one: whoever has most too many to whoever lacks most, down to halves.</summary>
    private static List<(string From, string To)> Moves(IReadOnlyList<string> zones, Dictionary<string, double> desired)
    {
        var surplus = desired.ToDictionary(pair => pair.Key, pair => zones.Count(zone => zone == pair.Key) - pair.Value);
        var order = surplus.Keys.Order(StringComparer.Ordinal).ToArray();
        var moves = new List<(string, string)>();
        while (true)
        {
            var (giver, taker) = (order.MaxBy(zone => surplus[zone])!, order.MinBy(zone => surplus[zone])!);
            var (give, take) = (surplus[giver], -surplus[taker]);
            if (give < 0.5 || take < 0.5 || (give < 1 && take < 1))
            {
                return moves;
            }

            surplus[giver]--;
            surplus[taker]++;
            moves.Add((giver, taker));
        }
    }

    private static List<string> Redistribute(IReadOnlyList<string> zones, List<(string From, string To)> moves)
    {
        var hints = new List<string>(zones.Count);
        foreach (var zone in zones)
        {
            var move = moves.FindIndex(item => item.From == zone);
            hints.Add(move < 0 ? zone : moves[move].To);
            if (move >= 0)
            {
                moves.RemoveAt(move);
            }
        }

        return hints;
    }
}
