using System.Runtime.InteropServices;
using Fairlead.Nftables.Expressions;

namespace Fairlead.Nftables.Kernel;

/// <summary>struct nfgenmsg (<c>linux/netfilter/nfnetlink.h</c>): the fixed header of every netfilter message.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct NfGenMsg(byte family, ushort resource)
{
    public readonly byte Family = family;
    public readonly byte Version = 0;

    /// <summary>Big-endian.</summary>
    public readonly ushort Resource = BitConverter.IsLittleEndian ? System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(resource) : resource;
}

/// <summary>Numbers of <c>linux/netfilter/nf_tables.h</c> and <c>nfnetlink.h</c> that more than one file needs, under their names there.</summary>
internal static class Wire
{
    public const byte NFPROTO_UNSPEC = 0;
    public const byte NFPROTO_INET = 1;
    public const ushort NFNL_SUBSYS_NFTABLES = 10;
    public const ushort NFNL_MSG_BATCH_BEGIN = 0x10;
    public const ushort NFNL_MSG_BATCH_END = 0x11;

    public const ushort NFT_MSG_NEWTABLE = 0;
    public const ushort NFT_MSG_GETTABLE = 1;
    public const ushort NFT_MSG_DELTABLE = 2;
    public const ushort NFT_MSG_NEWCHAIN = 3;
    public const ushort NFT_MSG_GETCHAIN = 4;
    public const ushort NFT_MSG_DELCHAIN = 5;
    public const ushort NFT_MSG_NEWRULE = 6;
    public const ushort NFT_MSG_GETRULE = 7;
    public const ushort NFT_MSG_DELRULE = 8;
    public const ushort NFT_MSG_NEWSET = 9;
    public const ushort NFT_MSG_GETSET = 10;
    public const ushort NFT_MSG_DELSET = 11;
    public const ushort NFT_MSG_NEWSETELEM = 12;
    public const ushort NFT_MSG_GETSETELEM = 13;
    public const ushort NFT_MSG_DELSETELEM = 14;
    public const ushort NFT_MSG_NEWGEN = 15;
    public const ushort NFT_MSG_GETGEN = 16;

    public const ushort NFTA_LIST_ELEM = 1;
    public const ushort NFTA_DATA_VALUE = 1;
    public const ushort NFTA_DATA_VERDICT = 2;
    public const ushort NFTA_VERDICT_CODE = 1;
    public const ushort NFTA_VERDICT_CHAIN = 2;
    public const uint NFT_DATA_VERDICT = 0xffffff00;

    // NFTA_<object>_TABLE is 1 for every kind of object, and its name the attribute named here.
    public const ushort NFTA_TABLE = 1;
    public const ushort NFTA_CHAIN_NAME = 3;
    public const ushort NFTA_CHAIN_HOOK = 4;
    public const ushort NFTA_CHAIN_POLICY = 5;
    public const ushort NFTA_CHAIN_TYPE = 7;
    public const ushort NFTA_HOOK_HOOKNUM = 1;
    public const ushort NFTA_HOOK_PRIORITY = 2;
    public const ushort NFTA_RULE_CHAIN = 2;
    public const ushort NFTA_RULE_EXPRESSIONS = 4;
    public const ushort NFTA_RULE_USERDATA = 7;
    public const ushort NFTA_SET_NAME = 2;
    public const ushort NFTA_SET_FLAGS = 3;
    public const ushort NFTA_SET_KEY_TYPE = 4;
    public const ushort NFTA_SET_KEY_LEN = 5;
    public const ushort NFTA_SET_DATA_TYPE = 6;
    public const ushort NFTA_SET_DATA_LEN = 7;
    public const ushort NFTA_SET_DESC = 9;
    public const ushort NFTA_SET_ID = 10;
    public const ushort NFTA_SET_TIMEOUT = 11;
    public const ushort NFTA_SET_USERDATA = 13;

    /// <summary>Number of elements, from Linux 6.16 on.</summary>
    public const ushort NFTA_SET_COUNT = 20;
    public const ushort NFTA_SET_DESC_SIZE = 1;
    public const ushort NFTA_SET_DESC_CONCAT = 2;
    public const ushort NFTA_SET_FIELD_LEN = 1;
    public const ushort NFTA_SET_ELEM_LIST_SET = 2;
    public const ushort NFTA_SET_ELEM_LIST_ELEMENTS = 3;
    public const ushort NFTA_SET_ELEM_KEY = 1;
    public const ushort NFTA_SET_ELEM_DATA = 2;
    public const ushort NFTA_SET_ELEM_FLAGS = 3;
    public const ushort NFTA_SET_ELEM_TIMEOUT = 4;
    public const ushort NFTA_SET_ELEM_USERDATA = 6;
    public const ushort NFTA_SET_ELEM_KEY_END = 10;
    public const uint NFT_SET_ELEM_INTERVAL_END = 1;
    public const uint NFT_SET_MAP = 0x8;
    public const uint NFT_SET_CONCAT = 0x80;

    /// <summary>Type of the comment in the user data of rules and elements, by agreement among user space programs.</summary>
    public const byte UDATA_COMMENT = 0;

    /// <summary>The message type on the wire.</summary>
    public static ushort Message(ushort type) => (ushort)((NFNL_SUBSYS_NFTABLES << 8) | type);

    /// <summary>A family (<c>NFPROTO_*</c>) as nft names it.</summary>
    public static string FamilyName(byte family) => family switch
    {
        NFPROTO_INET => "inet",
        2 => "ip",
        3 => "arp",
        5 => "netdev",
        7 => "bridge",
        10 => "ip6",
        _ => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"family {family}"),
    };

    /// <summary>A time as the kernel tells it.</summary>
    public static TimeSpan Duration(ulong milliseconds) => milliseconds <= (ulong)TimeSpan.MaxValue.TotalMilliseconds - 1
        ? TimeSpan.FromTicks((long)milliseconds * TimeSpan.TicksPerMillisecond)
        : throw new InvalidDataException($"a time of {milliseconds} ms");

    /// <summary>NF_ACCEPT, NFT_JUMP and so on.</summary>
    public static int CodeOf(VerdictKind kind) => kind switch
    {
        VerdictKind.Drop => 0,
        VerdictKind.Accept => 1,
        VerdictKind.Continue => -1,
        VerdictKind.Jump => -3,
        VerdictKind.Goto => -4,
        _ => -5,
    };

    public static Verdict VerdictOf(int code, string chain) => code switch
    {
        0 => Verdict.Drop,
        1 => Verdict.Accept,
        -1 => Verdict.Continue,
        -3 => Verdict.Jump(chain),
        -4 => Verdict.Goto(chain),
        -5 => Verdict.Return,
        _ => throw new InvalidDataException($"verdict {code}"),
    };

    /// <summary>A register by its word, as the kernel lists it: four words that start at a multiple of four have a name of their own.</summary>
    public static uint Register(int word) => (uint)(word % 4 == 0 ? 1 + (word / 4) : 8 + word);

    public static int WordOf(uint register) => register switch
    {
        >= 1 and <= 4 => (int)(register - 1) * 4,
        >= 8 and <= 23 => (int)register - 8,
        _ => throw new InvalidDataException($"register {register}"),
    };

    /// <summary>The numbers of a connection property: its key, and the direction to read it in (0 original; none for properties of the whole).</summary>
    public static (uint Key, byte? Direction) CtKeyOf(CtKey key) => key switch
    {
        CtKey.State => (0, null),
        CtKey.Direction => (1, null),
        CtKey.Status => (2, null),
        CtKey.Mark => (3, null),
        CtKey.OriginalIpSaddr => (19, 0),
        CtKey.OriginalIpDaddr => (20, 0),
        CtKey.OriginalIp6Saddr => (21, 0),
        CtKey.OriginalIp6Daddr => (22, 0),
        CtKey.OriginalProtoDst => (12, 0),
        _ => throw new ArgumentOutOfRangeException(nameof(key), key, "no such ct key"),
    };

    public static CtKey CtKeyOf(uint key, byte? direction)
    {
        foreach (var candidate in Enum.GetValues<CtKey>())
        {
            if (CtKeyOf(candidate) == (key, direction))
            {
                return candidate;
            }
        }

        throw new InvalidDataException($"ct key {key}");
    }

    /// <summary>NFTA_FIB_FLAGS and NFTA_FIB_RESULT of a question.</summary>
    public static (uint Flags, uint Result) FibOf(FibQuestion question) => question switch
    {
        FibQuestion.SourceType => (1, 3),
        FibQuestion.DestinationType => (2, 3),

        // SADDR | IIF | PRESENT, result oif.
        FibQuestion.ReversePathExists => (1 | 8 | 32, 1),
        _ => throw new ArgumentOutOfRangeException(nameof(question), question, "no such question"),
    };

    public static FibQuestion FibOf(uint flags, uint result)
    {
        foreach (var candidate in Enum.GetValues<FibQuestion>())
        {
            if (FibOf(candidate) == (flags, result))
            {
                return candidate;
            }
        }

        throw new InvalidDataException($"fib flags {flags} result {result}");
    }

    /// <summary>NFTA_PAYLOAD_CSUM_TYPE and _OFFSET of the network header: IPv4's has a checksum (NFT_PAYLOAD_CSUM_INET) at byte 10, IPv6's has none.</summary>
    public static (uint Type, uint Offset) ChecksumOf(IpFamily family) => family == IpFamily.V4 ? (1u, 10u) : (0u, 0u);

    /// <summary>NFTA_REJECT_TYPE and NFTA_REJECT_ICMP_CODE; the codes are those that stand for both families (NFT_REJECT_ICMPX_*).</summary>
    public static (uint Type, byte Code) RejectOf(RejectKind kind) => kind switch
    {
        RejectKind.TcpReset => (1, 0),
        RejectKind.PortUnreachable => (2, 1),
        _ => (2, 3),
    };
}
