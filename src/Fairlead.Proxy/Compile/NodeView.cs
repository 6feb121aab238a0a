namespace Fairlead.Proxy.Compile;

/// <summary>What the plan depends on of the node it is for. A change of anything else of the node changes no plan.</summary>
internal sealed record NodeView(string Name, string Zone, ValueArray<IpAddr> InternalIPs, ValueArray<IpNet> PodCIDRs)
{
    public static NodeView Of(NodeRow node) => new(node.Name, node.Zone, node.InternalIPs, node.PodCIDRs);
}
