using Fairlead.Linux.Netlink;
using Fairlead.Nftables.Objects;

namespace Fairlead.Nftables.Kernel;

/// <summary>The definition of a set or map as netlink attributes.</summary>
internal static class ContainerWriter
{
    public static void Write(NetlinkWriter writer, Container container, uint id)
    {
        var isRangeOfFields = container.IsInterval && container.IsConcat;
        var flags = (uint)container.Flags | (container is Map ? Wire.NFT_SET_MAP : 0) | (isRangeOfFields ? Wire.NFT_SET_CONCAT : 0);
        writer.Text(Wire.NFTA_SET_NAME, container.Name);
        writer.U32Be(Wire.NFTA_SET_FLAGS, flags);
        writer.U32Be(Wire.NFTA_SET_KEY_TYPE, TypeNumber(container.Key));
        writer.U32Be(Wire.NFTA_SET_KEY_LEN, (uint)container.KeyLength);
        if (container is Map map)
        {
            writer.U32Be(Wire.NFTA_SET_DATA_TYPE, map.IsVerdictMap ? Wire.NFT_DATA_VERDICT : TypeNumber(map.Value));
            if (!map.IsVerdictMap)
            {
                writer.U32Be(Wire.NFTA_SET_DATA_LEN, (uint)map.ValueLength);
            }
        }

        writer.U32Be(Wire.NFTA_SET_ID, id);
        if (container.Timeout is { } timeout)
        {
            writer.U64Be(Wire.NFTA_SET_TIMEOUT, (ulong)timeout.TotalMilliseconds);
        }

        WriteDescription(writer, container, isRangeOfFields);
        writer.Bytes(Wire.NFTA_SET_USERDATA, ByteOrders(container));
    }

    private static void WriteDescription(NetlinkWriter writer, Container container, bool isRangeOfFields)
    {
        var description = writer.BeginNested(Wire.NFTA_SET_DESC);
        if (container.Size != 0)
        {
            writer.U32Be(Wire.NFTA_SET_DESC_SIZE, container.Size);
        }

        if (isRangeOfFields)
        {
            var concat = writer.BeginNested(Wire.NFTA_SET_DESC_CONCAT);
            foreach (var type in container.Key)
            {
                var field = writer.BeginNested(Wire.NFTA_LIST_ELEM);
                writer.U32Be(Wire.NFTA_SET_FIELD_LEN, (uint)type.Bytes);
                writer.EndNested(field);
            }

            writer.EndNested(concat);
        }

        writer.EndNested(description);
    }

    /// <summary>User data 0 (key) and 1 (value): 1 machine's order, 2 network order, 0 several fields; nft reads it before it prints numbers.</summary>
    private static byte[] ByteOrders(Container container)
    {
        var key = new byte[] { 0, 4, OrderOf(container.Key), 0, 0, 0 };
        return container is Map { IsVerdictMap: false } map ? [.. key, 1, 4, OrderOf(map.Value), 0, 0, 0] : key;
    }

    private static byte OrderOf(Seq<FieldType> types)
    {
        if (types.Count > 1)
        {
            return 0;
        }

        // To nft a name is a string, which it keeps in the machine's order.
        return types[0].IsHostOrder || types[0] == FieldType.InterfaceName ? (byte)1 : (byte)2;
    }

    /// <summary>nft packs the numbers of a concatenation's types into six bits each.</summary>
    private static uint TypeNumber(Seq<FieldType> types)
    {
        var number = 0u;
        foreach (var type in types)
        {
            number = (number << 6) | type.Id;
        }

        return number;
    }

    /// <summary>The inverse of the packing; null when a type is none of ours.</summary>
    public static Seq<FieldType>? TypesOf(uint number)
    {
        var types = new List<FieldType>();
        for (; number != 0; number >>= 6)
        {
            if (FieldType.Find(number & 63) is not { } type)
            {
                return null;
            }

            types.Insert(0, type);
        }

        return types.Count == 0 ? null : types.ToSeq();
    }
}
