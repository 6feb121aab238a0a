using Fairlead.Dns.Config;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Kubernetes;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Chain;

/// <summary>A whole configuration at work: every name belongs to the chain of the longest zone it is in. Never changed, only replaced as a whole.</summary>
internal sealed class DnsChains(IReadOnlyList<DnsChain> chains)
{
    // Beyond, and in a loop, there is nothing at their end (as CoreDNS).
    private const int MaxAliases = 10;

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

    /// <summary>
    /// Writes what there is of the name that a query's own stands for, each alias in the chain of its own zone, as if the client had asked for it. Answered: the
    /// reply is complete; not mine: <paramref name="alias"/> is to be asked of <paramref name="forwarder"/>, and null is nobody.
    /// </summary>
    /// <param name="query">The query.</param>
    /// <param name="alias">What its name is an alias of; what that leads to.</param>
    /// <param name="writer">The reply, with the alias written.</param>
    /// <param name="forwarder">Who is asked.</param>
    public ZoneOutcome Follow(scoped DnsQuery query, ref byte[] alias, ref DnsWriter writer, out Forwarder? forwarder)
    {
        Span<byte> question = stackalloc byte[DnsReader.MaxName + 4];
        Span<byte> wire = stackalloc byte[DnsReader.MaxName];
        Span<byte> labels = stackalloc byte[QueryName.MaxLabels];
        forwarder = null;
        for (var followed = 0; followed < MaxAliases; followed++)
        {
            var name = new QueryName(alias, wire, labels);
            if (Find(name) is not { } chain)
            {
                return ZoneOutcome.NotMine;
            }

            var outcome = chain.Answer(query.For(alias, question), name, default, ref writer, out var next);

            // The first name of the reply is ours, whoever has the last.
            writer.Authoritative = true;
            if (outcome != ZoneOutcome.Alias)
            {
                forwarder = outcome == ZoneOutcome.NotMine ? chain.ForwarderOf(name) : null;
                return outcome;
            }

            alias = next;
        }

        writer.Clear();
        return ZoneOutcome.Answered;
    }
}
