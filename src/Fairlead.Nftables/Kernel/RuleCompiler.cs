using System.Diagnostics;
using System.Text;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;

namespace Fairlead.Nftables.Kernel;

/// <summary>
/// Turns a rule into instructions. Fields that only some packets have are preceded, once per rule, by the comparison that lets only those pass, as nft does.
/// </summary>
internal sealed class RuleCompiler
{
    private readonly List<Instruction> _code = [];
    private IpFamily? _family;
    private IpProtocol _protocol;

    public static IReadOnlyList<Instruction> Compile(Rule rule)
    {
        var compiler = new RuleCompiler();
        foreach (var statement in rule.Statements)
        {
            compiler.Add(statement);
        }

        return compiler._code;
    }

    private void Add(Statement statement)
    {
        switch (statement)
        {
            case Match match:
                Add(match);
                break;
            case InSet lookup:
                Load(lookup.Key, 0);
                _code.Add(new LookupKey(lookup.Set, 0, lookup.Not));
                break;
            case VerdictMap lookup:
                Load(lookup.Key, 0);
                _code.Add(new LookupVerdict(lookup.Map, 0));
                break;
            case Verdict verdict:
                _code.Add(new Decide(verdict));
                break;
            case Nat nat:
                Load(nat.To);
                _code.Add(new Translate(nat.Destination, nat.Family, 0, nat.WithPort ? nat.Family.Bytes / 4 : null));
                break;
            case SetMeta set:
                Load(set.Value);
                _code.Add(new StoreMeta(0, set.Key));
                break;
            case SetAddress set:
                Require(set.Address.Field);
                Load(set.Value);
                _code.Add(new StoreAddress(0, set.Address.Field.Offset, set.Address.Field.Family!));
                break;
            case SetCtMark set:
                Load(set.Value);
                _code.Add(new StoreCtMark(0));
                break;
            case UpdateSet update:
                Add(update);
                break;
            case Redirect redirect:
                Add(redirect);
                break;
            default:
                _code.Add(Simple(statement));
                break;
        }
    }

    private static Instruction Simple(Statement statement) => statement switch
    {
        Masquerade masquerade => new MasqueradeSource(masquerade.Ports),
        Reject reject => new Refuse(reject.Kind),
        Counter => new Count(),
        Notrack => new SkipTracking(),
        Limit limit => new LimitPackets(limit.Rate, limit.Burst),
        Log log => new LogPacket(log.Prefix, log.Group),
        _ => throw new UnreachableException(),
    };

    private void Add(Match match)
    {
        Load(match.Left, 0);
        var type = match.Left.Types[0];
        switch (match.Right)
        {
            case Exact exact:
                _code.Add(new Compare(0, match.Not, exact.Value));
                break;
            case Between between:
                _code.Add(new CompareRange(0, match.Not, between.First, between.Last));
                break;
            case InNet net:
                var mask = Datum.Of(IpAddr.FromValue(net.Net.Address.Family, net.Net.Last.Value ^ net.Net.Address.Value ^ AllOnes(net.Net.Address.Family)));
                _code.Add(new Bitwise(0, mask, Zero(mask.Length)));
                _code.Add(new Compare(0, match.Not, Datum.Of(net.Net.Address)));
                break;
            case Masked masked:
                _code.Add(new Bitwise(0, Number(type, masked.Mask), Zero(type.Bytes)));
                _code.Add(new Compare(0, match.Not, Number(type, masked.Value)));
                break;
            case AnyBit any:
                _code.Add(new Bitwise(0, Number(type, any.Bits), Zero(type.Bytes)));
                _code.Add(new Compare(0, true, Zero(type.Bytes)));
                break;
            case StartsWith start:
                _code.Add(new Compare(0, match.Not, Datum.FromBytes(Encoding.ASCII.GetBytes(start.Prefix))));
                break;
            default:
                throw new UnreachableException();
        }
    }

    private void Add(UpdateSet update)
    {
        if (update.Value is PayloadSelector payload)
        {
            Require(payload.Field);
        }

        Load(update.Key, 0);
        int? value = null;
        if (update.Value is { } selector)
        {
            value = (FieldType.LengthOf(update.Key.Types) + 3) / 4;
            Load(selector, value.Value);
        }

        _code.Add(new UpdateElement(update.Container, update.Op, 0, value, update.Timeout));
    }

    private void Add(Redirect redirect)
    {
        if (redirect.Port == 0)
        {
            _code.Add(new RedirectHere(null));
            return;
        }

        _code.Add(new Immediate(0, Datum.Of(redirect.Port)));
        _code.Add(new RedirectHere(0));
    }

    private void Load(Source source)
    {
        switch (source)
        {
            case Constant constant:
                _code.Add(new Immediate(0, constant.Value));
                break;
            case Loaded loaded:
                Load(loaded.Selector, 0);
                break;
            case Changed changed:
                Load(changed.Selector, 0);
                _code.Add(new Bitwise(0, Datum.Of(changed.Keep), Datum.Of(changed.Xor)));
                break;
            case FromMap map:
                Load(map.Key, 0);
                _code.Add(new LookupValue(map.Map, 0, 0));
                break;
            default:
                throw new UnreachableException();
        }
    }

    private void Load(Selector selector, int register)
    {
        switch (selector)
        {
            case PayloadSelector { Field: var field }:
                Require(field);
                _code.Add(new LoadPayload(register, field.Base, field.Offset, (uint)field.Type.Bytes));
                break;
            case MetaSelector meta:
                _code.Add(new LoadMeta(register, meta.Key));
                break;
            case CtSelector ct:
                _code.Add(new LoadCt(register, ct.Key));
                break;
            case FibSelector fib:
                _code.Add(new LoadFib(register, fib.Question));
                break;
            case NumgenSelector numgen:
                _code.Add(new LoadNumgen(register, numgen.Modulus));
                break;
            case Concat concat:
                LoadConcat(concat, register);
                break;
            default:
                throw new UnreachableException();
        }
    }

    private void LoadConcat(Concat concat, int register)
    {
        // A comparison uses register 0, so what the fields require is compared before the first of them is loaded.
        foreach (var part in concat.Parts)
        {
            if (part is PayloadSelector payload)
            {
                Require(payload.Field);
            }
        }

        foreach (var part in concat.Parts)
        {
            Load(part, register);
            register += (part.Types[0].Bytes + 3) / 4;
        }
    }

    private void Require(PayloadField field)
    {
        if (field.Family is { } family && family != _family)
        {
            _code.Add(new LoadMeta(0, MetaKey.NfProto));
            _code.Add(new Compare(0, false, Datum.Of(family.AddressFamily)));
            _family = family;
        }

        if (field.Protocol != IpProtocol.Any && field.Protocol != _protocol)
        {
            _code.Add(new LoadMeta(0, MetaKey.L4Proto));
            _code.Add(new Compare(0, false, Datum.Of(field.Protocol)));
            _protocol = field.Protocol;
        }
    }

    private static UInt128 AllOnes(IpFamily family) => family == IpFamily.V4 ? uint.MaxValue : UInt128.MaxValue;

    private static Datum Zero(int length) => Datum.FromBytes(new byte[length]);

    private static Datum Number(FieldType type, uint number) => type.Bytes == 1 ? Datum.Of((byte)number) : Datum.Of(number);
}
