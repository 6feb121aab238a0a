using Fairlead.Dns.Wire;
using Fairlead.State;

namespace Fairlead.Dns.Config;

/// <summary>
/// What a server answers and how: the meaning of a Corefile, checked and complete. Never changed; another text makes another one.
/// </summary>
internal sealed record DnsConfig
{
    /// <summary>The server blocks, in the order of the text. A query belongs to the one with the longest zone that its name is in.</summary>
    public required ValueArray<ServerBlock> Blocks { get; init; }
}

/// <summary>Kinds of answers, as plugin <c>log</c> tells them apart.</summary>
[Flags]
internal enum AnswerClasses
{
    /// <summary>No answer.</summary>
    None = 0,

    /// <summary>NOERROR with records.</summary>
    Success = 1,

    /// <summary>NXDOMAIN, and NOERROR without records.</summary>
    Denial = 2,

    /// <summary>SERVFAIL, NOTIMP, REFUSED, FORMERR and the like.</summary>
    Error = 4,

    /// <summary>Every answer.</summary>
    All = Success | Denial | Error,
}

/// <summary>One server block: the zones it stands for and the plugins that answer in it, asked in CoreDNS's fixed order, not in that of the text.</summary>
internal sealed record ServerBlock
{
    /// <summary>Zones, lower case, without a dot at the end; the root zone is empty.</summary>
    public required ValueArray<string> Zones { get; init; }

    /// <summary>Port, 53 unless said otherwise. Blocks of other ports are none of the cluster's DNS address.</summary>
    public int Port { get; init; } = 53;

    /// <summary>The plugins that handle queries, each once, in the order of the text: those that have no effect here are left out.</summary>
    public ValueArray<string> Plugins { get; init; } = [];

    /// <summary>Where plugin <c>prometheus</c> answers <c>/metrics</c>; null: nowhere.</summary>
    public PageAddress? Metrics { get; init; }

    /// <summary>Where plugin <c>health</c> answers <c>/health</c>; null: nowhere.</summary>
    public PageAddress? Health { get; init; }

    /// <summary>Where plugin <c>ready</c> answers <c>/ready</c>; null: nowhere.</summary>
    public PageAddress? Ready { get; init; }

    /// <summary>Which queries are written to the log, by their answers.</summary>
    public AnswerClasses Logs { get; init; }

    /// <summary>The largest UDP answer, 512 to 1232 bytes, whatever the client takes.</summary>
    public int UdpSize { get; init; } = DnsQuery.MaxUdp;

    /// <summary>Answers of addresses begin anywhere in their set (plugin <c>loadbalance</c>); false: in the order of the data.</summary>
    public bool RoundRobin { get; init; }

    /// <summary>ANY is answered with HINFO instead of everything (plugin <c>any</c>, RFC 8482).</summary>
    public bool MinimizesAny { get; init; }

    /// <summary>The search path of the asking pod is completed here (plugin <c>autopath @kubernetes</c>).</summary>
    public bool Autopath { get; init; }

    /// <summary>Plugin <c>transfer</c>, in the order of the text.</summary>
    public ValueArray<TransferOptions> Transfers { get; init; } = [];

    /// <summary>Plugin <c>template</c>, in the order of the text.</summary>
    public ValueArray<TemplateOptions> Templates { get; init; } = [];

    /// <summary>Plugin <c>hosts</c>; null without.</summary>
    public HostsOptions? Hosts { get; init; }

    /// <summary>Plugin <c>kubernetes</c>; null without.</summary>
    public KubernetesOptions? Kubernetes { get; init; }

    /// <summary>Plugin <c>forward</c>, in the order of the text; a name goes to the first whose <see cref="ForwardOptions.From"/> it is in.</summary>
    public ValueArray<ForwardOptions> Forwards { get; init; } = [];

    /// <summary>Plugin <c>cache</c>; null without.</summary>
    public CacheOptions? Cache { get; init; }
}
