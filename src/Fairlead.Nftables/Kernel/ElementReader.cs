using Fairlead.Linux.Netlink;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;

namespace Fairlead.Nftables.Kernel;

/// <summary>Elements from netlink attributes: the inverse of <see cref="ElementWriter"/>.</summary>
internal static class ElementReader
{
    /// <summary>One element as listed; in a tree of ranges also the one that ends a range.</summary>
    internal readonly record struct Listed(Element Element, bool EndsRange);

    public static List<Listed> Read(NetlinkMessage message, Container container)
    {
        var listed = new List<Listed>();
        foreach (var attribute in message.Attributes<NfGenMsg>())
        {
            if (attribute.Type == Wire.NFTA_SET_ELEM_LIST_ELEMENTS)
            {
                foreach (var element in attribute.Nested)
                {
                    listed.Add(Read(element.Nested, container));
                }
            }
        }

        return listed;
    }

    /// <summary>
    /// Joins what was listed to elements by key; in a tree of ranges the first key and the one after the last become one element.
    /// Null when the listing cannot be whole: the kernel lists a hash table while it is being resized with some elements twice and others not at all, and
    /// its generation does not tell. A rough listing is taken as it is.
    /// </summary>
    public static Dictionary<Datum, Element>? Join(IReadOnlyCollection<List<Listed>> messages, Container container, uint? expected, bool isRough = false)
    {
        var listed = messages.SelectMany(message => message);
        var count = messages.Sum(message => message.Count);
        var elements = new Dictionary<Datum, Element>(count);
        if (container is not { IsInterval: true, IsConcat: false })
        {
            foreach (var item in listed)
            {
                elements[item.Element.Key] = item.Element;
            }

            var moves = (container.Flags & (ContainerFlags.Timeout | ContainerFlags.Dynamic)) != 0;
            return isRough || (elements.Count == count && (moves || expected is null || expected == count)) ? elements : null;
        }

        // Where one range ends right before the next begins both have the same key: the end comes first.
        Element? open = null;
        foreach (var item in listed.OrderBy(item => item.Element.Key).ThenByDescending(item => item.EndsRange))
        {
            if (open is not null)
            {
                var last = item.Element.Key.Previous();
                elements[open.Key] = last == open.Key ? open : open with { KeyEnd = last };
            }

            open = item.EndsRange ? null : item.Element;
        }

        if (open is not null)
        {
            elements[open.Key] = open with { KeyEnd = AllOnes(open.Key.Length) };
        }

        return elements;
    }

    private static Datum AllOnes(int length)
    {
        var bytes = new byte[length];
        bytes.AsSpan().Fill(0xff);
        return Datum.FromBytes(bytes);
    }

    private static Listed Read(NetlinkAttributes attributes, Container container)
    {
        var (key, keyEnd, value, flags, comment) = (default(Datum), default(Datum), default(Datum), 0u, "");
        Verdict? verdict = null;
        TimeSpan? timeout = null;
        foreach (var attribute in attributes)
        {
            switch (attribute.Type)
            {
                case Wire.NFTA_SET_ELEM_KEY:
                    key = NftData.Value(attribute.Nested);
                    break;
                case Wire.NFTA_SET_ELEM_KEY_END:
                    keyEnd = NftData.Value(attribute.Nested);
                    break;
                case Wire.NFTA_SET_ELEM_DATA when container is Map { IsVerdictMap: true }:
                    verdict = NftData.Verdict(attribute.Nested);
                    break;
                case Wire.NFTA_SET_ELEM_DATA:
                    value = NftData.Value(attribute.Nested);
                    break;
                case Wire.NFTA_SET_ELEM_FLAGS:
                    flags = attribute.U32Be;
                    break;
                case Wire.NFTA_SET_ELEM_TIMEOUT:
                    timeout = Wire.Duration(attribute.U64Be);
                    break;
                case Wire.NFTA_SET_ELEM_USERDATA:
                    comment = TableReader.Comment(attribute.Value);
                    break;
            }
        }

        // The kernel repeats what is the set's own; a single key of fields is listed as a range of itself.
        var element = new Element(key)
        {
            KeyEnd = keyEnd == key ? default : keyEnd,
            Value = value,
            Verdict = verdict,
            Timeout = timeout == container.Timeout ? null : timeout,
            Comment = comment,
        };
        return new Listed(element, (flags & Wire.NFT_SET_ELEM_INTERVAL_END) != 0);
    }
}
