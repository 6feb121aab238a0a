using Fairlead.ControlPlane.Controllers.Rows;

namespace Fairlead.ControlPlane.Controllers.Endpoints;

/// <summary>
/// What part of the cluster's processors each zone has, which is what part of the clients it is taken to have (KEP-2433). Ready nodes count, those of the
/// control plane do not. Null shares: a node does not say its zone or its processors, or there is one zone only.
/// </summary>
internal sealed record ZoneShares(IReadOnlyDictionary<string, double>? Shares)
{
    public static ZoneShares Of(IEnumerable<NodeInfo> nodes)
    {
        var processors = new Dictionary<string, long>();
        foreach (var node in nodes.Where(node => node is { Ready: "True", IsControlPlane: false }))
        {
            if (node.Zone.Length == 0 || node.MilliProcessors == 0)
            {
                return new ZoneShares((IReadOnlyDictionary<string, double>?)null);
            }

            processors[node.Zone] = processors.GetValueOrDefault(node.Zone) + node.MilliProcessors;
        }

        double total = processors.Values.Sum();
        return new ZoneShares(processors.Count < 2 ? null : processors.ToDictionary(pair => pair.Key, pair => pair.Value / total));
    }
}
