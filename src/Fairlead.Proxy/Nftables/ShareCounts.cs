using Fairlead.Nftables.Values;

namespace Fairlead.Proxy.Nftables;

/// <summary>How many hold each shared element: the first puts it in, the last takes it out.</summary>
internal sealed class ShareCounts
{
    private readonly Dictionary<(string Container, Datum Key), (Placed Placed, int Count)> _counts = [];

    public IEnumerable<Placed> All => _counts.Values.Select(entry => entry.Placed);

    /// <summary>Applies a change of shares and tells <paramref name="delta"/> what it means for the kernel.</summary>
    public void Change(IReadOnlyCollection<Placed> before, IReadOnlyCollection<Placed> after, ElementDelta? delta)
    {
        foreach (var placed in after)
        {
            Take(placed, delta);
        }

        foreach (var placed in before)
        {
            Release(placed, delta);
        }
    }

    private void Take(Placed placed, ElementDelta? delta)
    {
        var key = (placed.Container.Name, placed.Element.Key);
        if (_counts.TryGetValue(key, out var entry))
        {
            _counts[key] = entry with { Count = entry.Count + 1 };
            return;
        }

        _counts[key] = (placed, 1);
        delta?.Add(placed);
    }

    private void Release(Placed placed, ElementDelta? delta)
    {
        var key = (placed.Container.Name, placed.Element.Key);
        var entry = _counts[key];
        if (entry.Count > 1)
        {
            _counts[key] = entry with { Count = entry.Count - 1 };
            return;
        }

        _counts.Remove(key);
        delta?.Remove(placed);
    }
}
