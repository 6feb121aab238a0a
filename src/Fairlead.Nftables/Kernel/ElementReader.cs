using System.Collections.Immutable;
using Fairlead.Linux.Netlink;
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
    /// its generation does not tell.
    /// </summary>
    public static ImmutableDictionary<Datum, Element>? Join(IReadOnlyCollection<Listed> listed, Container container, uint? expected)
    {
        var builder = ImmutableDictionary.CreateBuilder<Datum, Element>();
        if (container is not { IsInterval: true, IsConcat: false })
        {
            foreach (var item in listed)
            {
                builder[item.Element.Key] = item.Element;
            }

            var moves = (container.Flags & (ContainerFlags.Timeout | ContainerFlags.Dynamic)) != 0;
            return builder.Count == listed.Count && (moves || expected is null || expected == builder.Count) ? builder.ToImmutable() : null;
        }

        // Where one range ends right before the next begins both have the same key: the end comes first.
        Element? open = null;
        foreach (var item in listed.OrderBy(item => item.Element.Key).ThenByDescending(item => item.EndsRange))
        {
            if (open is not null)
            {
                var last = item.Element.Key.Previous();
                builder[open.Key] = last == open.Key ? open : open with { KeyEnd = last };
            }

            open = item.EndsRange ? null : item.Element;
        }

        if (open is not null)
        {
            builder[open.Key] = open with { KeyEnd = AllOnes(open.Key.Length) };
        }

        return builder.ToImmutable();
    }

    private static Datum AllOnes(int length)
    {
        var bytes = new byte[length];
        bytes.AsSpan().Fill(0xff);
        return Datum.FromBytes(bytes);
    }

    private static Listed Read(NetlinkAttributes attributes, Container container)
    {
        var element = new Element(default(Datum));
        var flags = 0u;
        foreach (var attribute in attributes)
        {
            switch (attribute.Type)
            {
                case Wire.NFTA_SET_ELEM_KEY:
                    element = element with { Key = NftData.Value(attribute.Nested) };
                    break;
                case Wire.NFTA_SET_ELEM_KEY_END:
                    element = element with { KeyEnd = NftData.Value(attribute.Nested) };
                    break;
                case Wire.NFTA_SET_ELEM_DATA:
                    element = container is Map { IsVerdictMap: true }
                        ? element with { Verdict = NftData.Verdict(attribute.Nested) }
                        : element with { Value = NftData.Value(attribute.Nested) };
                    break;
                case Wire.NFTA_SET_ELEM_FLAGS:
                    flags = attribute.U32Be;
                    break;
                case Wire.NFTA_SET_ELEM_TIMEOUT:
                    element = element with { Timeout = Wire.Duration(attribute.U64Be) };
                    break;
                case Wire.NFTA_SET_ELEM_USERDATA:
                    element = element with { Comment = TableReader.Comment(attribute.Value) };
                    break;
            }
        }

        // The kernel repeats what is the set's own; a single key of fields is listed as a range of itself.
        element = element.Timeout == container.Timeout ? element with { Timeout = null } : element;
        element = element.KeyEnd == element.Key ? element with { KeyEnd = default } : element;
        return new Listed(element, (flags & Wire.NFT_SET_ELEM_INTERVAL_END) != 0);
    }
}
