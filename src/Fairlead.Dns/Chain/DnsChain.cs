using Fairlead.Dns.Config;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Hosts;
using Fairlead.Dns.Kubernetes;
using Fairlead.Dns.Metrics;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Chain;

/// <summary>
/// One server block at work: its plugins in CoreDNS's fixed order (plugin.cfg), whatever their order in the text. A name that one does not know goes to the
/// next only where it lies outside of its zones or the text says <c>fallthrough</c>; a name that exists never does.
/// </summary>
/// <param name="block">What the text says.</param>
/// <param name="hosts">Plugin <c>hosts</c>; null without.</param>
/// <param name="cluster">Plugin <c>kubernetes</c>; null without.</param>
/// <param name="forwarders">Plugin <c>forward</c>, in the order of the text.</param>
/// <param name="clients">Plugin <c>autopath</c>: whose names are completed; null without.</param>
internal sealed class DnsChain(ServerBlock block, HostsZone? hosts, KubernetesZone? cluster, Forwarder[] forwarders, ClientPods? clients)
{
    private const uint AnyTtl = 8482;

    private readonly (RecordType Type, ZoneSet Zones, ResponseCode Code)[] _templates =
        [.. block.Templates.Select(template => (template.Type, new ZoneSet(template.Zones), template.Code))];
    private readonly ZoneMap<TransferOptions> _transfers =
        new(block.Transfers.SelectMany(transfer => transfer.Zones, (transfer, zone) => KeyValuePair.Create(zone, transfer)));
    private ZoneCounters? _counters;

    /// <summary>Whose names are completed; null: nobody's.</summary>
    public ClientPods? Clients => clients;

    /// <summary>What the text says.</summary>
    public ServerBlock Block => block;

    /// <summary>The one of the block's zones that it answers in.</summary>
    public string Zone { get; private init; } = "";

    /// <summary>Plugin <c>kubernetes</c>; null without.</summary>
    public KubernetesZone? Cluster => cluster;

    /// <summary>Plugin <c>forward</c>, in the order of the text.</summary>
    public IReadOnlyList<Forwarder> Forwarders => forwarders;

    /// <summary>There was somebody to ask upstream at the last question.</summary>
    public bool HasUpstreams
    {
        get
        {
            foreach (var forwarder in forwarders)
            {
                if (forwarder.HasUpstreams)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Writes the answer to a query, or the CNAME of it.</summary>
    /// <param name="query">A query without error.</param>
    /// <param name="name">Its name.</param>
    /// <param name="path">Whose names are completed.</param>
    /// <param name="writer">The reply, with its question written.</param>
    /// <param name="alias">The name to be looked for in the chain of its own zone, when the outcome says so.</param>
    public ZoneOutcome Answer(scoped DnsQuery query, scoped QueryName name, Completion path, ref DnsWriter writer, out byte[] alias)
    {
        alias = [];
        if (block.MinimizesAny && query.Type == RecordType.ANY)
        {
            // RFC 8482 §4.2.
            writer.Plugin = DnsPlugin.Any;
            writer.Text(query.Name, RecordType.HINFO, AnyTtl, "ANY obsoleted"u8, "See RFC 8482"u8);
            return ZoneOutcome.Answered;
        }

        foreach (var template in _templates)
        {
            if ((template.Type == query.Type || template.Type == RecordType.ANY) && template.Zones.Contains(name))
            {
                writer.Plugin = DnsPlugin.Template;
                writer.Authoritative = true;
                writer.Code = template.Code;
                return ZoneOutcome.Answered;
            }
        }

        if (hosts is not null && hosts.Answer(query.Name, name, query.Type, ref writer) == ZoneOutcome.Answered)
        {
            writer.Plugin = DnsPlugin.Hosts;
            return ZoneOutcome.Answered;
        }

        writer.Plugin = DnsPlugin.Kubernetes;
        return cluster?.Answer(query, name, path, ref writer, out alias) ?? ZoneOutcome.NotMine;
    }

    /// <summary>Whether a client may have the whole of a zone (plugin <c>transfer</c>): the longest of the plugin's zones that it is in decides.</summary>
    public bool MayTransfer(scoped QueryName zone, IpAddr client)
    {
        if (_transfers.TryFind(zone, out var transfer))
        {
            foreach (var range in transfer.To)
            {
                if (range.Contains(client))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>The same for one of the block's zones, in which it counts.</summary>
    public DnsChain Of(string zone) => new(block, hosts, cluster, forwarders, clients) { Zone = zone };

    /// <summary>The figures of its zone.</summary>
    public ZoneCounters CountersOf(DnsCounters counters) => _counters ??= counters.Zone(Zone);

    /// <summary>Who is asked for a name that no plugin before knows; null: nobody, and the query fails.</summary>
    public Forwarder? ForwarderOf(scoped QueryName name)
    {
        foreach (var forwarder in forwarders)
        {
            if (forwarder.Accepts(name.Wire))
            {
                return forwarder;
            }
        }

        return null;
    }
}
