using Fairlead.Policy.Evaluate;

namespace Fairlead.Policy.Findings;

/// <summary>Fields that say what no packet can meet.</summary>
internal static class FieldChecks
{
    public static IEnumerable<Finding> NotUnderstood(PolicyParts policy) => policy.Faults.Select(fault =>
    {
        var colon = fault.IndexOf(": ", StringComparison.Ordinal);
        return policy.Find(
            FindingCode.NotUnderstood, FindingSeverity.Warning, fault[..colon], $"it is not understood ({fault[(colon + 2)..]})",
            policy.IsCluster ? "what it belongs to accepts nothing, and denies all that it denies or passes" : "what it belongs to allows nothing");
    });

    public static IEnumerable<Finding> Blocks(FindingWorld world, PolicyParts policy)
    {
        foreach (var rule in policy.Rules)
        {
            for (var i = 0; i < rule.Peers.Count; i++)
            {
                if (rule.Peers[i].Block is not { } block)
                {
                    continue;
                }

                var path = policy.SelectorPath(rule, i, "ipBlock");

                // The node's DNS is the one Service that answers at its own address, untranslated.
                var isDns = world.World.Dns?.ClusterIPs.Any(address => block.Cidr.Contains(address) && block.Cidr.Address == address) == true;
                if (!isDns && world.ServiceRanges.Any(range => range.Contains(block.Cidr)))
                {
                    yield return policy.Find(
                        FindingCode.BlockOfServices, FindingSeverity.Warning, path,
                        $"{PolicyText.Block(block)} are addresses of Services: policy is decided after their translation, and never sees them", "select the pods behind the Service");
                }
                else if (world.World.Nodes.Values.Any(node => node.PodCIDRs.Any(range => range.Contains(block.Cidr))))
                {
                    yield return policy.Find(
                        FindingCode.BlockOfPods, FindingSeverity.Hint, path, $"{PolicyText.Block(block)} are addresses of pods, which no pod keeps", "select pods by their labels");
                }
            }
        }
    }
}
