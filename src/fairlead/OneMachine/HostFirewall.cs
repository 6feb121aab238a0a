using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;

namespace Fairlead.OneMachine;

/// <summary>
/// What a firewall of this host would do to the cluster's packets, and how its owner lets them pass. Its tables are read, never changed; what single rules
/// drop is not seen. Pure.
/// </summary>
internal sealed class HostFirewall(IReadOnlyList<ChainListing> chains, string hostLink)
{
    /// <summary>What to say of pods' way out; empty when nothing drops by default what this host forwards.</summary>
    public string OfForwarding()
    {
        var dropping = Dropping(Hook.Forward);
        return dropping.Count == 0 ? ""
            : $"this host drops by default what it forwards ({Names(dropping)}), so pods may not reach the outside; to let them: {string.Join("; ", dropping.SelectMany(chain => new[] { Accept(chain, inward: true), Accept(chain, inward: false) }))}";
    }

    /// <summary>Where connections of the nodes to this host are dropped by default, and how to let them in.</summary>
    public (string Why, string Hint) OfConnections()
    {
        var dropping = Dropping(Hook.Input);
        return dropping.Count == 0
            ? ("", $"look for rules that drop what comes in by {hostLink}: nft list ruleset")
            : ($": this host drops by default what comes in ({Names(dropping)})", $"let in what comes from the nodes: {string.Join("; ", dropping.Select(chain => Accept(chain, inward: true)))}");
    }

    private static string Names(IEnumerable<ChainListing> chains) => string.Join(", ", chains.Select(chain => $"table {chain.Family} {chain.Table}, chain {chain.Name}"));

    private List<ChainListing> Dropping(Hook hook) => [.. chains.Where(chain => chain.DropsByDefault && chain.Hook == hook)];

    /// <summary>iptables writes its chains in capitals, and wants to be told itself.</summary>
    private string Accept(ChainListing chain, bool inward) => chain is { Table: "filter", Family: "ip" or "ip6", Name: "INPUT" or "FORWARD" }
        ? $"ip{(chain.Family == "ip" ? "" : "6")}tables -I {chain.Name} {(inward ? "-i" : "-o")} {hostLink} -j ACCEPT"
        : $"nft insert rule {chain.Family} {chain.Table} {chain.Name} {(inward ? "iifname" : "oifname")} {hostLink} accept";
}
