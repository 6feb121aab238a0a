using System.Diagnostics;
using Fairlead.Nftables.Expressions;

namespace Fairlead.Nftables.Text;

/// <summary>Statements as nft 1.0.6 lists them.</summary>
internal static class StatementText
{
    public static string Of(Statement statement) => statement switch
    {
        Match match => Of(match),
        InSet lookup => $"{Of(lookup.Key)} {(lookup.Not ? "!= " : "")}@{lookup.Set}",
        VerdictMap lookup => $"{Of(lookup.Key)} vmap @{lookup.Map}",
        Verdict verdict => Of(verdict),
        Nat nat => $"{(nat.Destination ? "dnat" : "snat")} {(nat.Family == IpFamily.V4 ? "ip" : "ip6")} to {Of(nat.To, FieldType.Address(nat.Family))}",
        Masquerade { Ports: PortChoice.Keep } => "masquerade",
        Masquerade => "masquerade fully-random",
        Redirect redirect => redirect.Port == 0 ? "redirect" : $"redirect to :{redirect.Port}",
        Reject reject => Of(reject.Kind),
        Counter => "counter packets 0 bytes 0",
        Notrack => "notrack",

        // What nft takes when no burst is said, it does not list.
        Limit limit => $"limit rate {limit.Rate}/second{(limit.Burst == 5 ? "" : $" burst {limit.Burst} packets")}",
        Log log => (log.Prefix.Length == 0 ? "log" : $"log prefix \"{log.Prefix}\"") + $" group {log.Group}",
        SetMeta set => $"{Of(new MetaSelector(set.Key))} set {Of(set.Value, Meta.TypeOf(set.Key))}",
        SetAddress set => $"{Of(set.Address)} set {Of(set.Value, set.Address.Field.Type)}",
        SetCtMark set => $"ct mark set {Of(set.Value, FieldType.Mark)}",
        UpdateSet update => Of(update),
        _ => throw new UnreachableException(),
    };

    public static string Of(Selector selector) => selector switch
    {
        PayloadSelector payload => payload.Field.Name,
        MetaSelector meta => Of(meta.Key),
        CtSelector ct => Of(ct.Key),
        FibSelector fib => Of(fib.Question),
        NumgenSelector numgen => $"numgen random mod {numgen.Modulus}",
        Concat concat => string.Join(" . ", concat.Parts.Select(Of)),
        _ => throw new UnreachableException(),
    };

    public static string Of(Verdict verdict) => verdict.Kind switch
    {
        VerdictKind.Jump => $"jump {verdict.Chain}",
        VerdictKind.Goto => $"goto {verdict.Chain}",
        VerdictKind.Accept => "accept",
        VerdictKind.Drop => "drop",
        VerdictKind.Continue => "continue",
        VerdictKind.Return => "return",
        _ => throw new UnreachableException(),
    };

    private static string Of(Match match)
    {
        var type = match.Left.Types[0];
        var left = Of(match.Left);
        var not = match.Not ? "!= " : "";
        return match.Right switch
        {
            Exact exact => $"{left} {not}{FieldText.Of(type, exact.Value.Bytes)}",
            Between between => $"{left} {not}{FieldText.Fields([type], between.First, between.Last)}",
            InNet net => $"{left} {not}{net.Net}",
            Masked masked when type == FieldType.TcpFlag =>
                $"{left} {not}{FieldText.Bits(type, masked.Value)} / {FieldText.Bits(type, masked.Mask)}",
            Masked masked =>
                $"{left} & {FieldText.Of(type, masked.Mask)} {(match.Not ? "!=" : "==")} {FieldText.Of(type, masked.Value)}",
            AnyBit any => $"{left} {FieldText.Bits(type, any.Bits)}",
            StartsWith start => $"{left} {not}\"{start.Prefix}*\"",
            _ => throw new UnreachableException(),
        };
    }

    private static string Of(Source source, FieldType type) => source switch
    {
        Constant constant => FieldText.Of([type], constant.Value),
        Loaded loaded => Of(loaded.Selector),
        FromMap map => $"{Of(map.Key)} map @{map.Map}",
        Changed changed => Of(changed, type),
        _ => throw new UnreachableException(),
    };

    /// <summary>nft has one kernel operation, (value &amp; keep) ^ xor, and prints it as and, xor and or.</summary>
    private static string Of(Changed changed, FieldType type)
    {
        var or = changed.Xor & ~changed.Keep;
        var xor = changed.Xor & changed.Keep;
        var and = changed.Keep | or;
        return Of(changed.Selector)
            + (and == uint.MaxValue ? "" : $" & {FieldText.Of(type, and)}")
            + (xor == 0 ? "" : $" ^ {FieldText.Of(type, xor)}")
            + (or == 0 ? "" : $" | {FieldText.Of(type, or)}");
    }

    private static string Of(UpdateSet update)
    {
        var timeout = update.Timeout is { } time ? $" timeout {FieldText.Duration(time)}" : "";
        var value = update.Value is { } selector ? $" : {Of(selector)}" : "";
        return $"{update.Op.ToString().ToLowerInvariant()} @{update.Container} {{ {Of(update.Key)}{timeout}{value} }}";
    }

    private static string Of(RejectKind kind) => kind switch
    {
        RejectKind.TcpReset => "reject with tcp reset",
        RejectKind.PortUnreachable => "reject",
        RejectKind.AdminProhibited => "reject with icmpx admin-prohibited",
        _ => throw new UnreachableException(),
    };

    private static string Of(MetaKey key) => key switch
    {
        MetaKey.Priority => "meta priority",
        MetaKey.Mark => "meta mark",
        MetaKey.IifName => "iifname",
        MetaKey.OifName => "oifname",
        MetaKey.NfProto => "meta nfproto",
        MetaKey.L4Proto => "meta l4proto",
        _ => throw new UnreachableException(),
    };

    private static string Of(CtKey key) => key switch
    {
        CtKey.State => "ct state",
        CtKey.Direction => "ct direction",
        CtKey.Status => "ct status",
        CtKey.Mark => "ct mark",
        CtKey.OriginalIpSaddr => "ct original ip saddr",
        CtKey.OriginalIpDaddr => "ct original ip daddr",
        CtKey.OriginalIp6Saddr => "ct original ip6 saddr",
        CtKey.OriginalIp6Daddr => "ct original ip6 daddr",
        CtKey.OriginalProtoDst => "ct original proto-dst",
        _ => throw new UnreachableException(),
    };

    private static string Of(FibQuestion question) => question switch
    {
        FibQuestion.SourceType => "fib saddr type",
        FibQuestion.DestinationType => "fib daddr type",
        FibQuestion.ReversePathExists => "fib saddr . iif oif",
        _ => throw new UnreachableException(),
    };
}
