using Fairlead.Linux.Netlink;
using Fairlead.Nftables.Expressions;

namespace Fairlead.Nftables.Kernel;

/// <summary>Reads struct nft_data attributes: a value or a verdict.</summary>
internal static class NftData
{
    public static Datum Value(NetlinkAttributes nested)
    {
        foreach (var attribute in nested)
        {
            if (attribute.Type == Wire.NFTA_DATA_VALUE)
            {
                return Datum.FromBytes(attribute.Value);
            }
        }

        throw new InvalidDataException("data without a value");
    }

    public static Verdict Verdict(NetlinkAttributes nested)
    {
        foreach (var attribute in nested)
        {
            if (attribute.Type == Wire.NFTA_DATA_VERDICT)
            {
                return Inner(attribute.Nested);
            }
        }

        throw new InvalidDataException("data without a verdict");
    }

    private static Verdict Inner(NetlinkAttributes nested)
    {
        var code = 0;
        var chain = "";
        foreach (var attribute in nested)
        {
            switch (attribute.Type)
            {
                case Wire.NFTA_VERDICT_CODE:
                    code = (int)attribute.U32Be;
                    break;
                case Wire.NFTA_VERDICT_CHAIN:
                    chain = attribute.Text;
                    break;
            }
        }

        return Wire.VerdictOf(code, chain);
    }
}
