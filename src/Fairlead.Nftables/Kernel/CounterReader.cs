using Fairlead.Linux.Netlink;

namespace Fairlead.Nftables.Kernel;

/// <summary>What the counters of a rule have counted: no part of what the rule is, and read apart from it.</summary>
internal static class CounterReader
{
    private const ushort NFTA_EXPR_DATA = 2;
    private const ushort NFTA_COUNTER_PACKETS = 2;

    /// <summary>A number of packets.</summary>
    internal sealed record Counted(long Number);

    /// <summary>The packets of the rule's counters; null when the message is of something else.</summary>
    public static Counted? Packets(NetlinkMessage message)
    {
        if (message.Type != Wire.Message(Wire.NFT_MSG_NEWRULE))
        {
            return null;
        }

        var packets = 0L;
        foreach (var attribute in message.Attributes<NfGenMsg>())
        {
            if (attribute.Type == Wire.NFTA_RULE_EXPRESSIONS)
            {
                foreach (var expression in attribute.Nested)
                {
                    packets += OfExpression(expression.Nested);
                }
            }
        }

        return new Counted(packets);
    }

    private static long OfExpression(NetlinkAttributes expression)
    {
        var (isCounter, packets) = (false, 0L);
        foreach (var attribute in expression)
        {
            // The name comes first.
            isCounter |= attribute.Type == 1 && attribute.Text == "counter";
            foreach (var field in isCounter && attribute.Type == NFTA_EXPR_DATA ? attribute.Nested : default)
            {
                packets = field.Type == NFTA_COUNTER_PACKETS ? (long)field.U64Be : packets;
            }
        }

        return packets;
    }
}
