namespace Fairlead.Nftables.Expressions;

/// <summary>Goes on only if the value is (or, with <paramref name="Not"/>, is not) what <paramref name="Right"/> says.</summary>
public sealed record Match(Selector Left, bool Not, Operand Right) : Statement
{
    /// <summary>The value is exactly this.</summary>
    public static Match Is(Selector left, Field value) => new(left, false, new Exact(Datum.Of(value)));

    /// <summary>The value is anything but this.</summary>
    public static Match IsNot(Selector left, Field value) => new(left, true, new Exact(Datum.Of(value)));

    /// <summary>The address lies in the range.</summary>
    public static Match In(Selector left, IpNet net) => new(left, false, new InNet(net));

    /// <summary>The address lies outside the range.</summary>
    public static Match NotIn(Selector left, IpNet net) => new(left, true, new InNet(net));

    /// <summary>The value lies between two others, both included.</summary>
    public static Match Range(Selector left, Field first, Field last) => new(left, false, new Between(Datum.Of(first), Datum.Of(last)));

    /// <summary>The packet has one of these connection states.</summary>
    public static Match State(CtState states) => new(Ct.State, false, new AnyBit((uint)states));

    /// <summary>The connection has one of these statuses.</summary>
    public static Match Status(CtStatus statuses) => new(Ct.Status, false, new AnyBit((uint)statuses));

    /// <summary>The number's bits under the mask are these.</summary>
    public static Match Bits(Selector left, uint mask, uint value) => new(left, false, new Masked(mask, value));

    /// <summary>The interface's name starts so.</summary>
    public static Match NameStartsWith(Selector left, string prefix) => new(left, false, new StartsWith(prefix));

    internal override string? Problem()
    {
        if (Left is Concat)
        {
            return "several values are looked up in a set, not compared";
        }

        var type = Left.Types[0];
        return Right switch
        {
            Exact exact when exact.Value.Length != type.Bytes => $"a {type} has {type.Bytes} bytes, not {exact.Value.Length}",
            Between between when between.First.Length != type.Bytes || between.Last.Length != type.Bytes => $"a {type} has {type.Bytes} bytes",
            Between between when between.Last < between.First => "a range ends before it starts",
            Between when type.IsHostOrder => $"a {type} has no order the kernel could compare by",
            InNet net when type != FieldType.Address(net.Net.Address.Family) => $"a {type} does not lie in {net.Net}",
            InNet net when net.Net.Prefix == 0 => $"every address lies in {net.Net}: leave the match out",
            Masked when !(type.IsHostOrder || type == FieldType.TcpFlag) => $"a {type} has no bits to mask",
            AnyBit when type != FieldType.CtState && type != FieldType.CtStatus => $"a {type} is no set of named bits",
            Masked masked when (masked.Value & ~masked.Mask) != 0 => "a masked value has bits outside its mask and never matches",
            AnyBit { Bits: 0 } => "no bit is asked for",
            AnyBit when Not => "write the states that pass instead of negating some",
            StartsWith when type != FieldType.InterfaceName => $"a {type} has no beginning",
            StartsWith { Prefix.Length: 0 or > 14 } => "the beginning of an interface name has 1 to 14 characters",
            _ => null,
        };
    }
}

/// <summary>Goes on only if the key is (or, with <paramref name="Not"/>, is not) in the set: <c>ip saddr . th dport @set</c>.</summary>
public sealed record InSet(Selector Key, string Set, bool Not = false) : Statement;

/// <summary>Looks the key up in a map of verdicts and does what it says; on a miss the rule ends and the next one is tried.</summary>
public sealed record VerdictMap(Selector Key, string Map) : Statement;
