using Fairlead.Dns.Config;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Kubernetes;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Chain;

/// <summary>A whole configuration at work: every name belongs to the chain of the longest zone it is in. Never changed, only replaced as a whole.</summary>
internal sealed class DnsChains(IReadOnlyList<DnsChain> chains)
{
    private readonly ZoneMap<DnsChain> _chains = new(chains.SelectMany(chain => chain.Block.Zones.Select(zone => KeyValuePair.Create(zone, chain.Of(zone)))));

    /// <summary>A chain for each server block, in the order of the text.</summary>
    public IReadOnlyList<DnsChain> All => chains;

    /// <summary>One chain for all names.</summary>
    /// <param name="zone">The cluster's zones; null: none.</param>
    /// <param name="forwarder">Who is asked for other names.</param>
    public static DnsChains Of(KubernetesZone? zone, Forwarder forwarder) =>
        new([new DnsChain(new ServerBlock { Zones = [""] }, null, zone, [forwarder], null)]);

    /// <summary>The chain of a name; null: this server knows nothing of its zone.</summary>
    public DnsChain? Find(scoped QueryName name) => _chains.TryFind(name, out var chain) ? chain : null;
}
