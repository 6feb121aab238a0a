using Fairlead.Nftables.Expressions;

namespace Fairlead.Nftables.Objects;

/// <summary>A rule, appended to (or inserted before) those of its chain: its statements run in order until one does not hold or decides.</summary>
public sealed record Rule(string Chain, Seq<Statement> Statements) : NftObject
{
    /// <summary>A note that is stored with the rule and listed behind it.</summary>
    public string Comment { get; init; } = "";

    /// <inheritdoc/>
    public override string Title => $"rule of chain {Chain}";

    internal override string? Problem()
    {
        if (NameProblem("chain", Chain) is { } name)
        {
            return name;
        }

        foreach (var statement in Statements)
        {
            if (statement.Problem() is { } problem)
            {
                return $"{Title}: {problem}";
            }
        }

        return Statements.Count == 0 ? $"{Title}: it has no statement" : CommentProblem(Title, Comment) ?? OrderProblem();
    }

    /// <summary>
    /// What no packet can match, and what nft would list in other words than ours: a field says by itself which family or protocol its packets have, and
    /// once the protocol is known nft calls <c>th dport</c> by the protocol's name.
    /// </summary>
    private string? OrderProblem()
    {
        var (explicitFamily, explicitProtocol) = (false, false);
        IpFamily? family = null;
        var protocol = IpProtocol.Any;
        foreach (var statement in Statements)
        {
            foreach (var field in SelectorsOf(statement).SelectMany(FieldsOf))
            {
                if (FieldProblem(field, explicitFamily, explicitProtocol, family, protocol) is { } problem)
                {
                    return $"{Title}: {field.Name}: {problem}";
                }

                family = field.Family ?? family;
                protocol = field.Protocol == IpProtocol.Any ? protocol : field.Protocol;
            }

            if (statement is Reject { Kind: RejectKind.TcpReset } && protocol != IpProtocol.Tcp)
            {
                return $"{Title}: a TCP reset comes after a match of TCP";
            }

            explicitFamily |= statement is Match { Not: false, Left: MetaSelector { Key: MetaKey.NfProto } };
            if (statement is Match { Not: false, Left: MetaSelector { Key: MetaKey.L4Proto }, Right: Exact exact })
            {
                explicitProtocol = true;
                protocol = (IpProtocol)exact.Value.Bytes[0];
            }
        }

        return null;
    }

    private static string? FieldProblem(PayloadField field, bool explicitFamily, bool explicitProtocol, IpFamily? family, IpProtocol protocol)
    {
        if (field.Family is not null && (explicitFamily || (family is not null && family != field.Family)))
        {
            return explicitFamily ? "it implies the family, leave that match out" : "no packet is of both families";
        }

        if (explicitProtocol && field.Protocol != IpProtocol.Any)
        {
            return "it implies the protocol, leave that match out";
        }

        return field.Base == PayloadBase.Transport && protocol != IpProtocol.Any && field.Protocol != protocol
            ? "the protocol is known by now: use its own field" : null;
    }

    private static IEnumerable<PayloadField> FieldsOf(Selector selector) => selector switch
    {
        PayloadSelector payload => [payload.Field],
        Concat concat => concat.Parts.OfType<PayloadSelector>().Select(part => part.Field),
        _ => [],
    };

    private static IEnumerable<Selector> SelectorsOf(Statement statement) => statement switch
    {
        Match match => [match.Left],
        InSet lookup => [lookup.Key],
        VerdictMap lookup => [lookup.Key],
        Nat { To: FromMap map } => [map.Key],
        SetMeta { Value: FromMap map } => [map.Key],
        SetMeta { Value: Loaded loaded } => [loaded.Selector],
        SetAddress { Value: FromMap map } set => [map.Key, set.Address],
        SetAddress set => [set.Address],
        SetCtMark { Value: FromMap map } => [map.Key],
        UpdateSet { Value: { } value } update => [update.Key, value],
        UpdateSet update => [update.Key],
        _ => [],
    };
}
