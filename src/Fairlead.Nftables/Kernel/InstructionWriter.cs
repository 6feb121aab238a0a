using System.Diagnostics;
using Fairlead.Linux.Netlink;
using Fairlead.Nftables.Expressions;

namespace Fairlead.Nftables.Kernel;

/// <summary>Instructions as netlink attributes: a list of NFTA_EXPR_NAME and NFTA_EXPR_DATA. Numbers are those of the enum named beside each.</summary>
internal static class InstructionWriter
{
    private const ushort NFTA_EXPR_NAME = 1;
    private const ushort NFTA_EXPR_DATA = 2;

    public static void Write(NetlinkWriter writer, Instruction instruction)
    {
        var element = writer.BeginNested(Wire.NFTA_LIST_ELEM);
        writer.Text(NFTA_EXPR_NAME, NameOf(instruction));
        var data = writer.BeginNested(NFTA_EXPR_DATA);
        if (!WriteLoad(writer, instruction) && !WriteTest(writer, instruction))
        {
            WriteAction(writer, instruction);
        }

        writer.EndNested(data);
        writer.EndNested(element);
    }

    private static string NameOf(Instruction instruction) => instruction switch
    {
        LoadPayload or StoreAddress => "payload",
        LoadMeta or StoreMeta => "meta",
        LoadCt or StoreCtMark => "ct",
        LoadFib => "fib",
        LoadNumgen => "numgen",
        Immediate or Decide => "immediate",
        Bitwise => "bitwise",
        Compare => "cmp",
        CompareRange => "range",
        LookupKey or LookupValue or LookupVerdict => "lookup",
        UpdateElement => "dynset",
        Translate => "nat",
        MasqueradeSource => "masq",
        RedirectHere => "redir",
        Refuse => "reject",
        Count => "counter",
        SkipTracking => "notrack",
        LimitPackets => "limit",
        LogPacket => "log",
        _ => throw new UnreachableException(),
    };

    private static bool WriteLoad(NetlinkWriter writer, Instruction instruction)
    {
        switch (instruction)
        {
            case LoadPayload load: // nft_payload_attributes
                Register(writer, 1, load.To);
                writer.U32Be(2, (uint)load.Base);
                writer.U32Be(3, load.Offset);
                writer.U32Be(4, load.Length);
                return true;
            case StoreAddress store: // flag 1 is NFT_PAYLOAD_L4CSUM_PSEUDOHDR
                var (type, offset) = Wire.ChecksumOf(store.Family);
                writer.U32Be(2, (uint)PayloadBase.Network);
                writer.U32Be(3, store.Offset);
                writer.U32Be(4, (uint)store.Family.Bytes);
                Register(writer, 5, store.From);
                writer.U32Be(6, type);
                writer.U32Be(7, offset);
                writer.U32Be(8, 1);
                return true;
            case LoadMeta load: // nft_meta_attributes
                Register(writer, 1, load.To);
                writer.U32Be(2, (uint)load.Key);
                return true;
            case StoreMeta store:
                writer.U32Be(2, (uint)store.Key);
                Register(writer, 3, store.From);
                return true;
            case LoadCt load: // nft_ct_attributes
                WriteCt(writer, load);
                return true;
            case StoreCtMark store:
                writer.U32Be(2, Wire.CtKeyOf(CtKey.Mark).Key);
                Register(writer, 4, store.From);
                return true;
            case LoadFib load: // nft_fib_attributes
                var (flags, result) = Wire.FibOf(load.Question);
                Register(writer, 1, load.To);
                writer.U32Be(2, result);
                writer.U32Be(3, flags);
                return true;
            case LoadNumgen load: // nft_ng_attributes; type 1 is NFT_NG_RANDOM
                Register(writer, 1, load.To);
                writer.U32Be(2, load.Modulus);
                writer.U32Be(3, 1);
                return true;
            case Immediate immediate: // nft_immediate_attributes
                Register(writer, 1, immediate.To);
                Data(writer, 2, immediate.Value);
                return true;
            default:
                return false;
        }
    }

    private static void WriteCt(NetlinkWriter writer, LoadCt load)
    {
        var (key, direction) = Wire.CtKeyOf(load.Key);
        Register(writer, 1, load.To);
        writer.U32Be(2, key);
        if (direction is { } way)
        {
            writer.U8(3, way);
        }
    }

    private static bool WriteTest(NetlinkWriter writer, Instruction instruction)
    {
        switch (instruction)
        {
            case Bitwise bitwise: // nft_bitwise_attributes
                Register(writer, 1, bitwise.Register);
                Register(writer, 2, bitwise.Register);
                writer.U32Be(3, (uint)bitwise.Mask.Length);
                Data(writer, 4, bitwise.Mask);
                Data(writer, 5, bitwise.Xor);
                return true;
            case Compare compare: // nft_cmp_attributes
                Register(writer, 1, compare.From);
                writer.U32Be(2, compare.Not ? 1u : 0);
                Data(writer, 3, compare.Value);
                return true;
            case CompareRange range: // nft_range_attributes
                Register(writer, 1, range.From);
                writer.U32Be(2, range.Not ? 1u : 0);
                Data(writer, 3, range.First);
                Data(writer, 4, range.Last);
                return true;
            case LookupKey lookup: // nft_lookup_attributes; flag 1 is NFT_LOOKUP_F_INV
                writer.Text(1, lookup.Container);
                Register(writer, 2, lookup.Key);
                writer.U32Be(5, lookup.Not ? 1u : 0);
                return true;
            case LookupValue lookup:
                writer.Text(1, lookup.Container);
                Register(writer, 2, lookup.Key);
                Register(writer, 3, lookup.To);
                return true;
            case LookupVerdict lookup: // register 0 is NFT_REG_VERDICT
                writer.Text(1, lookup.Container);
                Register(writer, 2, lookup.Key);
                writer.U32Be(3, 0);
                return true;
            default:
                return false;
        }
    }

    private static void WriteAction(NetlinkWriter writer, Instruction instruction)
    {
        switch (instruction)
        {
            case Decide decide:
                writer.U32Be(1, 0);
                Verdict(writer, 2, decide.Verdict);
                break;
            case UpdateElement update:
                WriteUpdate(writer, update);
                break;
            case Translate translate:
                WriteNat(writer, translate);
                break;
            case MasqueradeSource masquerade: // nft_masq_attributes
                if (masquerade.Ports == PortChoice.FullyRandom)
                {
                    writer.U32Be(1, 1 << 4);
                }

                break;
            case RedirectHere { Port: { } port }: // nft_redir_attributes; flag 2 is NF_NAT_RANGE_PROTO_SPECIFIED
                Register(writer, 1, port);
                writer.U32Be(3, 2);
                break;
            case Refuse refuse: // nft_reject_attributes
                var (type, code) = Wire.RejectOf(refuse.Kind);
                writer.U32Be(1, type);
                writer.U8(2, code);
                break;
            case LimitPackets limit: // nft_limit_attributes; unit in seconds, type 0 is NFT_LIMIT_PKTS, flag 1 NFT_LIMIT_F_INV
                writer.U64Be(1, limit.Rate);
                writer.U64Be(2, 1);
                writer.U32Be(3, limit.Burst);
                writer.U32Be(4, 0);
                writer.U32Be(5, 0);
                break;
            case LogPacket log: // nft_log_attributes
                writer.U16Be(1, log.Group);
                if (log.Prefix.Length > 0)
                {
                    writer.Text(2, log.Prefix);
                }

                break;
            case RedirectHere or Count or SkipTracking:
                break;
            default:
                throw new UnreachableException();
        }
    }

    private static void WriteUpdate(NetlinkWriter writer, UpdateElement update) // nft_dynset_attributes
    {
        writer.Text(1, update.Container);
        writer.U32Be(3, (uint)update.Op);
        Register(writer, 4, update.Key);
        if (update.Value is { } value)
        {
            Register(writer, 5, value);
        }

        if (update.Timeout is { } timeout)
        {
            writer.U64Be(6, (ulong)timeout.TotalMilliseconds);
        }
    }

    private static void WriteNat(NetlinkWriter writer, Translate translate) // nft_nat_attributes; type 0 is source, 1 destination
    {
        writer.U32Be(1, translate.Destination ? 1u : 0);
        writer.U32Be(2, translate.Family.AddressFamily);
        Register(writer, 3, translate.Address);
        if (translate.Port is { } port)
        {
            Register(writer, 5, port);
        }
    }

    /// <summary>A verdict as NFTA_DATA_VERDICT.</summary>
    public static void Verdict(NetlinkWriter writer, ushort type, Verdict verdict)
    {
        var data = writer.BeginNested(type);
        var nested = writer.BeginNested(Wire.NFTA_DATA_VERDICT);
        writer.U32Be(Wire.NFTA_VERDICT_CODE, (uint)Wire.CodeOf(verdict.Kind));
        if (verdict.Chain.Length > 0)
        {
            writer.Text(Wire.NFTA_VERDICT_CHAIN, verdict.Chain);
        }

        writer.EndNested(nested);
        writer.EndNested(data);
    }

    /// <summary>Bytes as NFTA_DATA_VALUE.</summary>
    public static void Data(NetlinkWriter writer, ushort type, Datum value)
    {
        var data = writer.BeginNested(type);
        writer.Bytes(Wire.NFTA_DATA_VALUE, value.Bytes);
        writer.EndNested(data);
    }

    private static void Register(NetlinkWriter writer, ushort type, int word) => writer.U32Be(type, Wire.Register(word));
}
