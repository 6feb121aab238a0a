using Fairlead.Cluster;
using Fairlead.Dns.Chain;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Explain;

/// <summary>
/// Asks the node's own DNS a question in the name of a client, as a packet would, and says why the answer is what it is. Names are not completed: a walk of the
/// search path shows each name's own answer.
/// </summary>
/// <param name="chains">Who answers which name, as it stands at the time.</param>
/// <param name="tables">The cluster.</param>
/// <param name="zone">The zone that the cluster's pods search, lower case, without dots at its ends.</param>
internal sealed class DnsExplainer(Func<DnsChains> chains, ClusterTables tables, string zone)
{
    /// <summary>What only upstreams know is asked of them; false: it stays open.</summary>
    public bool AsksUpstream { get; init; } = true;

    /// <summary>Asks and explains; null: the name or the type is none.</summary>
    public async Task<NameExplanation?> ExplainAsync(NameQuestion question, CancellationToken cancellationToken)
    {
        var name = question.Name.TrimEnd('.');
        if (name.Length == 0 || !DnsName.TryEncode(name, out var wire) || !MessageText.TryParseType(question.Type, out var type))
        {
            return null;
        }

        var now = chains();
        var query = DnsQuery.Write(wire, type, DnsHeader.RecursionDesiredFlag);
        var handler = new DnsHandler(now, null);
        var reply = new byte[DnsHandler.MaxReply];
        var handled = handler.Handle(query, question.Client, reply, tcp: true);
        var account = new ChainExplainer(now, tables, zone).Explain(name, type);
        if (handled.Pending is not null && !AsksUpstream)
        {
            return new NameExplanation { Name = name + ".", Code = "", Source = "upstream, which is not asked from here", Reasons = account.Reasons, IsAsked = false };
        }

        var length = handled.Pending is { } pending ? await handler.FinishAsync(pending, reply, cancellationToken) : handled.Length;
        return new NameExplanation
        {
            Name = name + ".",
            Code = DnsHeader.TryRead(reply.AsSpan(0, length), out var header) ? MessageText.Code(header.Code) : "",
            Answers = MessageText.Records(reply.AsSpan(0, length), Section.Answer),
            Source = handled.Pending is null ? account.Source : "upstream",
            Reasons = account.Reasons,
        };
    }
}
