using System.Text;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;

namespace Fairlead.Balancer.Announce;

/// <summary>
/// Which node answers for an address: the one that has answered so far, as the Service's annotation remembers, while it may; else rendezvous hashing
/// among those that may. Every node comes to the same result from the same rows, without talking to another; when a node leaves, only its addresses
/// move, and when it returns none does. Pure.
/// </summary>
internal static class Election
{
    /// <summary>Label that takes a node out (core/v1 LabelNodeExcludeBalancers).</summary>
    public const string ExcludeLabel = "node.kubernetes.io/exclude-from-external-load-balancers";

    /// <summary>True when the node may answer for addresses at all.</summary>
    public static bool MayAnswer(NodeRow node) => node.Ready && node.Labels[ExcludeLabel] is null;

    /// <summary>
    /// The owner among <paramref name="nodes"/>, or null. With externalTrafficPolicy Local only nodes with an endpoint of their own may: a ready one,
    /// or, where the whole Service has no ready one, one that still serves while it terminates.
    /// </summary>
    public static string? Owner(ServiceRow service, IpAddr address, IEnumerable<NodeRow> nodes, IReadOnlyCollection<SliceEndpoint> endpoints)
    {
        var before = Recorded(service, address);
        var local = service.ExternalLocal ? LocalNodes(endpoints) : null;
        string? best = null;
        var highest = 0UL;
        foreach (var node in nodes)
        {
            if (!MayAnswer(node) || local?.Contains(node.Name) == false)
            {
                continue;
            }

            if (node.Name == before)
            {
                return before;
            }

            var weight = Weight(node.Name, address);
            if (best is null || weight > highest || (weight == highest && string.CompareOrdinal(node.Name, best) < 0))
            {
                (best, highest) = (node.Name, weight);
            }
        }

        return best;
    }

    /// <summary>What the Service's annotation is to say: who answers, and for an address that nobody answers for who did last.</summary>
    public static string Record(ServiceRow service, IEnumerable<AnnouncementRow> owners) => string.Join(',', owners
        .Select(row => (row.Address, Node: row.Owner.Length > 0 ? row.Owner : Recorded(service, row.Address)))
        .Where(item => item.Node.Length > 0)
        .OrderBy(item => item.Address)
        .Select(item => $"{item.Address}={item.Node}"));

    private static string Recorded(ServiceRow service, IpAddr address)
    {
        foreach (var item in service.AnsweredBy.Split(','))
        {
            var equals = item.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && IpAddr.TryParse(item[..equals], out var recorded) && recorded == address)
            {
                return item[(equals + 1)..];
            }
        }

        return "";
    }

    private static HashSet<string> LocalNodes(IReadOnlyCollection<SliceEndpoint> endpoints)
    {
        var anyReady = endpoints.Any(endpoint => endpoint.Ready);
        return [.. endpoints.Where(endpoint => anyReady ? endpoint.Ready : endpoint is { Serving: true, Terminating: true })
            .Select(endpoint => endpoint.NodeName)];
    }

    /// <summary>The same on every machine and in every version: nodes of two releases must agree.</summary>
    private static ulong Weight(string node, IpAddr address)
    {
        var hash = 14695981039346656037UL;
        foreach (var unit in Encoding.UTF8.GetBytes(node))
        {
            hash = (hash ^ unit) * 1099511628211UL;
        }

        foreach (var unit in address.ToBytes())
        {
            hash = (hash ^ unit) * 1099511628211UL;
        }

        // FNV alone leaves the high bits of near names alike; this spreads them (the finalizer of MurmurHash3).
        hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDUL;
        hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53UL;
        return hash ^ (hash >> 33);
    }
}
