namespace Fairlead.Ingress.Translate;

/// <summary>The Ingresses that ask for the same key, the oldest first.</summary>
internal sealed class Claimants
{
    private readonly Dictionary<string, List<ServedIngress>> _byKey = new(StringComparer.Ordinal);

    /// <summary>Those of a key, the oldest first.</summary>
    public IReadOnlyList<ServedIngress> Of(string key) => _byKey.TryGetValue(key, out var claimants) ? claimants : [];

    public void Add(string key, ServedIngress ingress)
    {
        if (!_byKey.TryGetValue(key, out var claimants))
        {
            _byKey[key] = claimants = [];
        }

        claimants.Insert(~claimants.BinarySearch(ingress, ByAge.Instance), ingress);
    }

    public void Remove(string key, ServedIngress ingress)
    {
        var claimants = _byKey[key];
        claimants.RemoveAt(claimants.BinarySearch(ingress, ByAge.Instance));
        if (claimants.Count == 0)
        {
            _byKey.Remove(key);
        }
    }

    private sealed class ByAge : IComparer<ServedIngress>
    {
        public static ByAge Instance { get; } = new();

        public int Compare(ServedIngress? left, ServedIngress? right) => left!.Claims.Age.CompareTo(right!.Claims.Age);
    }
}
