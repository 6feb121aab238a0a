using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;

namespace Fairlead.Policy.Compile;

/// <summary>Addresses of one family from the first to the last, both included.</summary>
internal readonly record struct AddressRange(IpAddr First, IpAddr Last)
{
    public bool Contains(IpAddr address) => address.IsV4 == First.IsV4 && First <= address && address <= Last;

    public override string ToString() => $"{First}-{Last}";

    /// <summary>
    /// The addresses of several blocks, each without its own exceptions, as sorted ranges with gaps between them:
    /// what one block excepts, another may still hold.
    /// </summary>
    public static List<AddressRange> Union(IEnumerable<IpBlock> blocks)
    {
        var merged = new List<AddressRange>();
        foreach (var range in blocks.SelectMany(Of).OrderBy(range => range.First))
        {
            if (merged.Count > 0 && merged[^1] is var last && last.First.IsV4 == range.First.IsV4
                && (range.First <= last.Last || range.First.Value == last.Last.Value + 1))
            {
                merged[^1] = last with { Last = range.Last > last.Last ? range.Last : last.Last };
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged;
    }

    private static IEnumerable<AddressRange> Of(IpBlock block)
    {
        var (family, next, end) = (block.Cidr.Address.Family, block.Cidr.Address.Value, block.Cidr.Last.Value);
        foreach (var hole in block.Except.Where(hole => hole.Address.IsV4 == block.Cidr.Address.IsV4 && block.Cidr.Overlaps(hole)).Order())
        {
            if (hole.Address.Value > next)
            {
                yield return new AddressRange(IpAddr.FromValue(family, next), IpAddr.FromValue(family, hole.Address.Value - 1));
            }

            if (hole.Last.Value >= end)
            {
                yield break;
            }

            next = UInt128.Max(next, hole.Last.Value + 1);
        }

        yield return new AddressRange(IpAddr.FromValue(family, next), IpAddr.FromValue(family, end));
    }
}
