using Fairlead.Linux.Netlink;
using Fairlead.Nftables.Expressions;

namespace Fairlead.Nftables.Kernel;

/// <summary>Netlink attributes as instructions: the inverse of <see cref="InstructionWriter"/>, whose comments name the enums the numbers are from.</summary>
internal static class InstructionReader
{
    private const ushort NFTA_EXPR_NAME = 1;
    private const ushort NFTA_EXPR_DATA = 2;

    /// <summary>All instructions of a rule.</summary>
    public static List<Instruction> Read(NetlinkAttributes list)
    {
        var instructions = new List<Instruction>();
        foreach (var element in list)
        {
            var name = "";
            var fields = default(Fields);
            foreach (var attribute in element.Nested)
            {
                switch (attribute.Type)
                {
                    case NFTA_EXPR_NAME:
                        name = attribute.Text;
                        break;
                    case NFTA_EXPR_DATA:
                        fields = Fields.Of(attribute.Nested);
                        break;
                }
            }

            instructions.Add(Read(name, fields));
        }

        return instructions;
    }

    private static Instruction Read(string name, Fields fields) => name switch
    {
        "payload" when !fields.Has(5) => new LoadPayload(fields.Word(1), (PayloadBase)fields.U32(2), fields.U32(3), fields.U32(4)),
        "payload" => StoreOf(fields),
        "meta" when fields.Has(1) => new LoadMeta(fields.Word(1), MetaKeyOf(fields.U32(2))),
        "meta" => new StoreMeta(fields.Word(3), MetaKeyOf(fields.U32(2))),
        "ct" when fields.Has(1) => new LoadCt(fields.Word(1), Wire.CtKeyOf(fields.U32(2), fields.Has(3) ? fields.Byte(3) : null)),
        "ct" when fields.U32(2) == Wire.CtKeyOf(CtKey.Mark).Key => new StoreCtMark(fields.Word(4)),
        "fib" => new LoadFib(fields.Word(1), Wire.FibOf(fields.U32(3), fields.U32(2))),
        "numgen" when fields.U32(3) == 1 && fields.Optional(4) == 0 => new LoadNumgen(fields.Word(1), fields.U32(2)),
        "immediate" when fields.U32(1) == 0 => new Decide(fields.Verdict(2)),
        "immediate" => new Immediate(fields.Word(1), fields.Data(2)),
        "bitwise" when fields.U32(1) == fields.U32(2) && fields.Optional(6) == 0 => new Bitwise(fields.Word(1), fields.Data(4), fields.Data(5)),
        "cmp" when fields.U32(2) <= 1 => new Compare(fields.Word(1), fields.U32(2) == 1, fields.Data(3)),
        "range" => new CompareRange(fields.Word(1), fields.U32(2) == 1, fields.Data(3), fields.Data(4)),
        "lookup" when !fields.Has(3) => new LookupKey(fields.Text(1), fields.Word(2), (fields.Optional(5) & 1) != 0),
        "lookup" when fields.U32(3) == 0 => new LookupVerdict(fields.Text(1), fields.Word(2)),
        "lookup" => new LookupValue(fields.Text(1), fields.Word(2), fields.Word(3)),
        "dynset" => Update(fields),
        "nat" => new Translate(
            fields.U32(1) == 1, fields.U32(2) == IpFamily.V4.AddressFamily ? IpFamily.V4 : IpFamily.V6, fields.Word(3), fields.Has(5) ? fields.Word(5) : null),
        "masq" => new MasqueradeSource(fields.Optional(1) == 0 ? PortChoice.Keep : PortChoice.FullyRandom),
        "redir" => new RedirectHere(fields.Has(1) ? fields.Word(1) : null),
        "reject" => new Refuse(RejectOf(fields.U32(1), fields.Has(2) ? fields.Byte(2) : (byte)0)),
        "counter" => new Count(),
        "notrack" => new SkipTracking(),
        "limit" when fields.U64(1) <= uint.MaxValue && fields.U64(2) == 1 && fields.Optional(4) == 0 && fields.Optional(5) == 0 =>
            new LimitPackets((uint)fields.U64(1), fields.U32(3)),
        "log" when fields.Has(1) => new LogPacket(fields.Has(2) ? fields.Text(2) : "", fields.U16(1)),
        _ => throw new InvalidDataException($"an expression we do not write: {name}"),
    };

    private static StoreAddress StoreOf(Fields fields)
    {
        var family = fields.U32(4) == IpFamily.V4.Bytes ? IpFamily.V4 : fields.U32(4) == IpFamily.V6.Bytes ? IpFamily.V6 : null;
        var (type, offset) = Wire.ChecksumOf(family ?? IpFamily.V4);
        return family is not null && fields.U32(2) == (uint)PayloadBase.Network && fields.Optional(6) == type && fields.Optional(7) == offset && fields.Optional(8) == 1
            ? new StoreAddress(fields.Word(5), fields.U32(3), family)
            : throw new InvalidDataException("a header field is written that is no address");
    }

    private static UpdateElement Update(Fields fields)
    {
        var milliseconds = fields.Has(6) ? fields.U64(6) : 0;
        return new UpdateElement(
            fields.Text(1), (UpdateOp)fields.U32(3), fields.Word(4), fields.Has(5) ? fields.Word(5) : null,
            milliseconds == 0 ? null : Wire.Duration(milliseconds));
    }

    private static MetaKey MetaKeyOf(uint key) =>
        Enum.IsDefined((MetaKey)key) ? (MetaKey)key : throw new InvalidDataException($"meta key {key}");

    private static RejectKind RejectOf(uint type, byte code)
    {
        foreach (var kind in Enum.GetValues<RejectKind>())
        {
            if (Wire.RejectOf(kind) is var (t, c) && t == type && (type == 1 || c == code))
            {
                return kind;
            }
        }

        throw new InvalidDataException($"reject type {type} code {code}");
    }

    /// <summary>The attributes of one expression by number; none has more than eleven.</summary>
    private readonly ref struct Fields
    {
        private readonly Dictionary<int, byte[]>? _values;

        private Fields(Dictionary<int, byte[]> values) => _values = values;

        public static Fields Of(NetlinkAttributes attributes)
        {
            var values = new Dictionary<int, byte[]>();
            foreach (var attribute in attributes)
            {
                values[attribute.Type] = attribute.Value.ToArray();
            }

            return new Fields(values);
        }

        public bool Has(int type) => _values is not null && _values.ContainsKey(type);

        public uint U32(int type) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(Need(type, 4));

        public ushort U16(int type) => System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(Need(type, 2));

        public ulong U64(int type) => System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(Need(type, 8));

        public byte Byte(int type) => Need(type, 1)[0];

        public uint Optional(int type) => Has(type) ? U32(type) : 0;

        public int Word(int type) => Wire.WordOf(U32(type));

        public string Text(int type) => System.Text.Encoding.ASCII.GetString(Need(type, 1).AsSpan().TrimEnd((byte)0));

        public Datum Data(int type) => NftData.Value(new NetlinkAttributes(Need(type, 4)));

        public Verdict Verdict(int type) => NftData.Verdict(new NetlinkAttributes(Need(type, 4)));

        private byte[] Need(int type, int length) => _values is not null && _values.TryGetValue(type, out var value) && value.Length >= length
            ? value
            : throw new InvalidDataException($"an expression lacks attribute {type}");
    }
}
