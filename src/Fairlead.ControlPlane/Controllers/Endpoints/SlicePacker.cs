using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Selectors;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Endpoints;

/// <summary>A slice to be written: <see cref="Existing"/> null means created.</summary>
internal sealed record SliceWrite(SliceInfo? Existing, string AddressType, ValueArray<SlicePort> Ports, ValueArray<SliceAddress> Addresses);

/// <summary>
/// Distributes addresses over slices of one address type. An address stays in the slice it is in, so that one pod's change rewrites one slice; new
/// ones go where there is room, the fullest slice first, so that few slices change. Pure.
/// </summary>
internal sealed class SlicePacker(string addressType, Labels labels, List<SliceWrite> write, List<SliceInfo> delete)
{
    /// <summary>Addresses per slice (upstream's default; the API allows 1000).</summary>
    public const int SliceSize = 100;

    /// <summary>Adds to the writes and deletions what makes <paramref name="existing"/> hold exactly <paramref name="desired"/>.</summary>
    public void Pack(IReadOnlyDictionary<ValueArray<SlicePort>, List<SliceAddress>> desired, IEnumerable<SliceInfo> existing)
    {
        var ours = existing.Where(slice => slice.AddressType == addressType && slice.Meta.Deleted is null)
            .OrderBy(slice => slice.Meta.Created).ThenBy(slice => slice.Meta.Key).ToList();
        foreach (var (ports, addresses) in desired)
        {
            Fill(ports, addresses, ours.Where(slice => slice.Ports == ports));
        }

        delete.AddRange(ours.Where(slice => !desired.ContainsKey(slice.Ports)));
    }

    private void Fill(ValueArray<SlicePort> ports, List<SliceAddress> addresses, IEnumerable<SliceInfo> slices)
    {
        var missing = addresses.ToDictionary(address => (address.Address, address.PodUid));
        var contents = new List<(SliceInfo? Slice, List<SliceAddress> Addresses)>();
        foreach (var slice in slices)
        {
            var kept = new List<SliceAddress>();
            foreach (var address in slice.Addresses)
            {
                if (missing.Remove((address.Address, address.PodUid), out var now))
                {
                    kept.Add(now);
                }
            }

            contents.Add((slice, kept));
        }

        AddNew(contents, new Queue<SliceAddress>(addresses.Where(address => missing.ContainsKey((address.Address, address.PodUid)))));
        Keep(ports, contents, isPlaceholder: addresses.Count == 0);
    }

    private static void AddNew(List<(SliceInfo? Slice, List<SliceAddress> Addresses)> contents, Queue<SliceAddress> rest)
    {
        foreach (var (_, kept) in contents.OrderByDescending(content => content.Addresses.Count).ToList())
        {
            while (rest.Count > 0 && kept.Count < SliceSize)
            {
                kept.Add(rest.Dequeue());
            }
        }

        while (rest.Count > 0 || contents.Count == 0)
        {
            contents.Add((null, [.. Enumerable.Range(0, Math.Min(SliceSize, rest.Count)).Select(_ => rest.Dequeue())]));
        }
    }

    /// <summary>Writes what differs, deletes what is empty; of placeholders one stays.</summary>
    private void Keep(ValueArray<SlicePort> ports, List<(SliceInfo? Slice, List<SliceAddress> Addresses)> contents, bool isPlaceholder)
    {
        foreach (var (slice, content) in contents)
        {
            if (content.Count == 0 && !isPlaceholder)
            {
                delete.Add(slice!);
                continue;
            }

            isPlaceholder = false;
            if (slice is null || !slice.Addresses.SequenceEqual(content) || !slice.Meta.Labels.Equals(labels))
            {
                write.Add(new SliceWrite(slice, addressType, ports, content.ToValueArray()));
            }
        }
    }
}
