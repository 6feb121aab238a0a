using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;

namespace Fairlead.Proxy.Nftables;

/// <summary>Elements to take out and to put in, gathered by set or map so that each needs one message.</summary>
internal sealed class ElementDelta
{
    private readonly Dictionary<Container, (List<Element> Gone, List<Element> Come)> _changes = new(ReferenceEqualityComparer.Instance);

    public void Remove(Placed placed) => Of(placed.Container).Gone.Add(placed.Element);

    public void Add(Placed placed) => Of(placed.Container).Come.Add(placed.Element);

    /// <summary>Adds the difference of two lists of elements. A value that changed is taken out and put in: the kernel changes none in place.</summary>
    public void Between(IReadOnlyCollection<Placed> before, IEnumerable<Placed> after)
    {
        if (before.Count == 0)
        {
            foreach (var placed in after)
            {
                Add(placed);
            }

            return;
        }

        var old = new Dictionary<(Container, Datum), Element>(KeyComparer.Instance);
        foreach (var placed in before)
        {
            old[(placed.Container, placed.Element.Key)] = placed.Element;
        }

        foreach (var placed in after)
        {
            if (old.Remove((placed.Container, placed.Element.Key), out var there))
            {
                if (there == placed.Element)
                {
                    continue;
                }

                Remove(new Placed(placed.Container, there));
            }

            Add(placed);
        }

        foreach (var ((container, _), element) in old)
        {
            Remove(new Placed(container, element));
        }
    }

    /// <summary>All that goes before all that comes, so that nothing exists twice on the way.</summary>
    public void WriteTo(Transaction tx)
    {
        foreach (var (container, (gone, _)) in _changes)
        {
            tx.Delete(new Elements(container, (IReadOnlyList<Element>)gone));
        }

        foreach (var (container, (_, come)) in _changes)
        {
            tx.Add(new Elements(container, (IReadOnlyList<Element>)come));
        }
    }

    private (List<Element> Gone, List<Element> Come) Of(Container container)
    {
        if (!_changes.TryGetValue(container, out var lists))
        {
            _changes[container] = lists = ([], []);
        }

        return lists;
    }

    /// <summary>Containers are the schema's own objects: comparing them by their fields for each element would cost more than all the rest.</summary>
    private sealed class KeyComparer : IEqualityComparer<(Container Container, Datum Key)>
    {
        public static readonly KeyComparer Instance = new();

        public bool Equals((Container Container, Datum Key) x, (Container Container, Datum Key) y) => ReferenceEquals(x.Container, y.Container) && x.Key == y.Key;

        public int GetHashCode((Container Container, Datum Key) obj) => obj.Key.GetHashCode();
    }
}
