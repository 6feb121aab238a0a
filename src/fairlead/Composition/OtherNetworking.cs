using Fairlead.Nftables.Rulesets;

namespace Fairlead.Composition;

/// <summary>
/// Finds what does the agent's work on the same node: a second service proxy translates the same packets, a second plugin's rules meet the same pods. Pure.
/// </summary>
internal static class OtherNetworking
{
    // Of others' plugins, links that every one of their nodes has.
    private static readonly Dictionary<string, string> Links = new(StringComparer.Ordinal)
    {
        ["kube-ipvs0"] = "kube-proxy (IPVS)",
        ["cilium_host"] = "Cilium",
        ["flannel.1"] = "flannel",
        ["vxlan.calico"] = "Calico",
        ["antrea-gw0"] = "Antrea",
        ["kube-bridge"] = "kube-router",
        ["weave"] = "Weave Net",
    };

    /// <summary>What there is of others, each as a sentence for the log.</summary>
    /// <param name="chains">All chains of the node.</param>
    /// <param name="links">The names of its links.</param>
    public static IEnumerable<string> Find(IReadOnlyList<ChainListing> chains, IEnumerable<string> links)
    {
        if (chains.FirstOrDefault(chain => chain.Table == "kube-proxy" || chain.Name == "KUBE-SERVICES") is { } proxy)
        {
            yield return $"kube-proxy has been at work here (table {proxy.Family} {proxy.Table}, chain {proxy.Name}) and translates the same packets: stop it, and remove its rules with `kube-proxy --cleanup`";
        }

        foreach (var link in links.Where(Links.ContainsKey))
        {
            yield return $"{Links[link]} has been at work here (link {link}): only one of the two may network this node's pods";
        }
    }
}
