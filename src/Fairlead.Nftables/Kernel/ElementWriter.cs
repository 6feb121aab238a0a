using Fairlead.Linux.Netlink;
using Fairlead.Nftables.Objects;

namespace Fairlead.Nftables.Kernel;

/// <summary>Elements as netlink attributes, as many at a time as fit one attribute.</summary>
internal static class ElementWriter
{
    /// <summary>An upper bound of what one element takes: attribute headers, keys and value with padding, flags, timeout, comment, and a range's second element.</summary>
    public static int MaxBytes(Container container) =>
        (2 * ((2 * container.KeyLength) + 32)) + (container is Map map ? Math.Max(map.ValueLength, 160) : 0) + 40 + 128;

    public static void Write(NetlinkWriter writer, Elements elements, int from, int to, bool keysOnly)
    {
        var container = elements.Container;
        writer.Text(Wire.NFTA_SET_ELEM_LIST_SET, container.Name);
        var list = writer.BeginNested(Wire.NFTA_SET_ELEM_LIST_ELEMENTS);
        for (var i = from; i < to; i++)
        {
            var item = elements.Items[i];
            var isTree = container is { IsInterval: true, IsConcat: false };

            // Ranges of several fields have a last key each: without one, nft takes two single keys for the ends of one range.
            var isRange = container is { IsInterval: true, IsConcat: true };
            Write(writer, item, item.Key, !isRange ? default : item.KeyEnd.IsEmpty ? item.Key : item.KeyEnd, 0, keysOnly);

            // The kernel's tree of ranges wants the first key and, as an element of its own, the key after the last.
            if (isTree && (item.KeyEnd.IsEmpty ? item.Key : item.KeyEnd).Next() is { IsEmpty: false } end)
            {
                Write(writer, item, end, default, Wire.NFT_SET_ELEM_INTERVAL_END, keysOnly: true);
            }
        }

        writer.EndNested(list);
    }

    private static void Write(NetlinkWriter writer, Element item, Datum key, Datum keyEnd, uint flags, bool keysOnly)
    {
        var element = writer.BeginNested(Wire.NFTA_LIST_ELEM);
        InstructionWriter.Data(writer, Wire.NFTA_SET_ELEM_KEY, key);
        if (!keyEnd.IsEmpty)
        {
            InstructionWriter.Data(writer, Wire.NFTA_SET_ELEM_KEY_END, keyEnd);
        }

        if (flags != 0)
        {
            writer.U32Be(Wire.NFTA_SET_ELEM_FLAGS, flags);
        }

        if (!keysOnly)
        {
            WriteValue(writer, item);
        }

        writer.EndNested(element);
    }

    private static void WriteValue(NetlinkWriter writer, Element item)
    {
        if (item.Verdict is { } verdict)
        {
            InstructionWriter.Verdict(writer, Wire.NFTA_SET_ELEM_DATA, verdict);
        }
        else if (!item.Value.IsEmpty)
        {
            InstructionWriter.Data(writer, Wire.NFTA_SET_ELEM_DATA, item.Value);
        }

        if (item.Timeout is { } timeout)
        {
            writer.U64Be(Wire.NFTA_SET_ELEM_TIMEOUT, (ulong)timeout.TotalMilliseconds);
        }

        BatchWriter.Comment(writer, Wire.NFTA_SET_ELEM_USERDATA, item.Comment);
    }
}
