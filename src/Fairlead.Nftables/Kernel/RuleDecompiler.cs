using System.Diagnostics;
using System.Text;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;

namespace Fairlead.Nftables.Kernel;

/// <summary>
/// Turns instructions back into statements: the inverse of <see cref="RuleCompiler"/>. A shape we never emit is an <see cref="InvalidDataException"/>:
/// somebody else wrote into our table.
/// </summary>
internal sealed class RuleDecompiler
{
    private readonly Func<string, Container?> _containers;
    private readonly Register?[] _registers = new Register?[16];
    private readonly List<Statement> _statements = [];

    private RuleDecompiler(Func<string, Container?> containers) => _containers = containers;

    /// <summary>What is known of a register: what was loaded, and the mask applied since.</summary>
    private sealed record Register(Source Source, Datum Mask, Datum Xor);

    public static Seq<Statement> Decompile(IEnumerable<Instruction> code, Func<string, Container?> containers)
    {
        var decompiler = new RuleDecompiler(containers);
        foreach (var instruction in code)
        {
            decompiler.Take(instruction);
        }

        return decompiler._statements.ToSeq();
    }

    private void Take(Instruction instruction)
    {
        switch (instruction)
        {
            case LoadPayload load:
                Put(load.To, FieldOf(load));
                break;
            case LoadMeta load:
                Put(load.To, new MetaSelector(load.Key));
                break;
            case LoadCt load:
                Put(load.To, new CtSelector(load.Key));
                break;
            case LoadFib load:
                Put(load.To, new FibSelector(load.Question));
                break;
            case LoadNumgen load:
                Put(load.To, new NumgenSelector(load.Modulus));
                break;
            case Immediate immediate:
                _registers[immediate.To] = new Register(new Constant(immediate.Value), default, default);
                break;
            case Bitwise bitwise:
                _registers[bitwise.Register] = At(bitwise.Register) with { Mask = bitwise.Mask, Xor = bitwise.Xor };
                break;
            case LookupValue lookup:
                var key = KeyAt(lookup.Key, lookup.Container);
                _registers[lookup.To] = new Register(new FromMap(key, lookup.Container), default, default);
                break;
            default:
                _statements.Add(StatementOf(instruction));
                break;
        }
    }

    private Statement StatementOf(Instruction instruction) => instruction switch
    {
        Compare compare => Matching(compare),
        CompareRange range => new Match(SelectorAt(range.From), range.Not, new Between(range.First, range.Last)),
        LookupKey lookup => new InSet(KeyAt(lookup.Key, lookup.Container), lookup.Container, lookup.Not),
        LookupVerdict lookup => new VerdictMap(KeyAt(lookup.Key, lookup.Container), lookup.Container),
        Decide decide => decide.Verdict,
        StoreMeta store => new SetMeta(store.Key, ValueAt(store.From)),
        StoreAddress store => new SetAddress(
            FieldOf(new LoadPayload(store.From, PayloadBase.Network, store.Offset, (uint)store.Family.Bytes)), ValueAt(store.From)),
        StoreCtMark store => new SetCtMark(ValueAt(store.From)),
        UpdateElement update => new UpdateSet(
            update.Op, update.Container, KeyAt(update.Key, update.Container), update.Timeout, update.Value is { } value ? SelectorAt(value) : null),
        Translate translate => new Nat(translate.Destination, translate.Family, ValueAt(translate.Address), translate.Port is not null),
        MasqueradeSource masquerade => new Masquerade(masquerade.Ports),
        RedirectHere redirect => new Redirect(redirect.Port is { } port ? PortAt(port) : (ushort)0),
        Refuse refuse => new Reject(refuse.Kind),
        Count => new Counter(),
        SkipTracking => new Notrack(),
        LimitPackets limit => new Limit(limit.Rate, limit.Burst),
        LogPacket log => new Log(log.Prefix, log.Group),
        _ => throw new UnreachableException(),
    };

    private Match Matching(Compare compare)
    {
        var register = At(compare.From);
        var selector = SelectorOf(register);
        var type = selector.Types[0];
        if (register.Mask.IsEmpty)
        {
            Operand plain = type == FieldType.InterfaceName && compare.Value.Length < type.Bytes
                ? new StartsWith(Encoding.ASCII.GetString(compare.Value.Bytes))
                : new Exact(compare.Value);
            return new Match(selector, compare.Not, plain);
        }

        if (type == FieldType.IPv4Address || type == FieldType.IPv6Address)
        {
            var mask = IpAddr.FromBytes(register.Mask.Bytes);
            var prefix = (int)UInt128.PopCount(mask.Value);
            return new Match(selector, compare.Not, new InNet(new IpNet(IpAddr.FromBytes(compare.Value.Bytes), prefix)));
        }

        var (bits, value) = (FieldText(type, register.Mask), FieldText(type, compare.Value));
        return (type == FieldType.CtState || type == FieldType.CtStatus) && compare.Not && value == 0
            ? new Match(selector, false, new AnyBit(bits))
            : new Match(selector, compare.Not, new Masked(bits, value));
    }

    private static uint FieldText(FieldType type, Datum value) => Text.FieldText.Number(type, value.Bytes);

    /// <summary>A field is written with its family or protocol, so the comparison that stands before it for that is not a statement of its own.</summary>
    private PayloadSelector FieldOf(LoadPayload load)
    {
        var protocol = IpProtocol.Any;
        if (load.Base == PayloadBase.Transport && Compared(MetaKey.L4Proto) is { } number)
        {
            protocol = (IpProtocol)number;
        }

        foreach (var candidate in Payload.All)
        {
            var field = candidate.Field;
            if (field.Base != load.Base || field.Offset != load.Offset || field.Type.Bytes != load.Length)
            {
                continue;
            }

            if (field.Base == PayloadBase.Network ? Compared(MetaKey.NfProto) == field.Family!.AddressFamily : field.Protocol == protocol)
            {
                Forget(field);
                return candidate;
            }
        }

        throw new InvalidDataException($"a header field we do not know: {load}");
    }

    private readonly HashSet<(MetaKey, byte)> _implied = [];

    private byte? Compared(MetaKey key)
    {
        foreach (var (implied, value) in _implied)
        {
            if (implied == key)
            {
                return value;
            }
        }

        return PlaceOf(key) is var place and >= 0 ? ((Exact)((Match)_statements[place]).Right).Value.Bytes[0] : null;
    }

    private int PlaceOf(MetaKey key) => _statements.FindIndex(
        statement => statement is Match { Not: false, Left: MetaSelector meta, Right: Exact } && meta.Key == key);

    private void Forget(PayloadField field)
    {
        if (field.Family is { } family)
        {
            Forget(MetaKey.NfProto, family.AddressFamily);
        }

        if (field.Protocol != IpProtocol.Any)
        {
            Forget(MetaKey.L4Proto, (byte)field.Protocol);
        }
    }

    private void Forget(MetaKey key, byte value)
    {
        if (_implied.Add((key, value)) && PlaceOf(key) is var place and >= 0)
        {
            _statements.RemoveAt(place);
        }
    }

    private void Put(int register, Selector selector) => _registers[register] = new Register(new Loaded(selector), default, default);

    private Register At(int register) => register < _registers.Length && _registers[register] is { } content
        ? content
        : throw new InvalidDataException($"register {register} is read before it is loaded");

    private Selector SelectorAt(int register) => SelectorOf(At(register));

    private static Selector SelectorOf(Register register) => register.Source is Loaded loaded
        ? loaded.Selector
        : throw new InvalidDataException("a value that was looked up is compared or looked up again");

    private Source ValueAt(int register)
    {
        var content = At(register);
        return content.Mask.IsEmpty
            ? content.Source
            : new Changed(SelectorOf(content), BitConverter.ToUInt32(content.Mask.Bytes), BitConverter.ToUInt32(content.Xor.Bytes));
    }

    private ushort PortAt(int register) => At(register).Source is Constant { Value.Length: 2 } constant
        ? (ushort)((constant.Value.Bytes[0] << 8) | constant.Value.Bytes[1])
        : throw new InvalidDataException("a port is no constant");

    private Selector KeyAt(int register, string container)
    {
        var types = (_containers(container) ?? throw new InvalidDataException($"set or map {container} is not listed")).Key;
        if (types.Count == 1)
        {
            return SelectorAt(register);
        }

        var parts = new List<Selector>();
        foreach (var type in types)
        {
            parts.Add(SelectorAt(register));
            register += (type.Bytes + 3) / 4;
        }

        return new Concat(parts.ToSeq());
    }
}
