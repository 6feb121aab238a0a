using System.Collections;

namespace Fairlead.Kube.Selectors;

/// <summary>
/// The labels of one object, sorted by key, compared by value. Small: a lookup is a binary search over one array.
/// </summary>
public sealed class Labels : IReadOnlyCollection<KeyValuePair<string, string>>, IEquatable<Labels>
{
    private readonly KeyValuePair<string, string>[] _pairs;

    private Labels(KeyValuePair<string, string>[] pairs) => _pairs = pairs;

    /// <summary>No labels.</summary>
    public static Labels Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _pairs.Length;

    /// <summary>The value of <paramref name="key"/>, or null when the label is not set.</summary>
    public string? this[string key]
    {
        get
        {
            var (low, high) = (0, _pairs.Length - 1);
            while (low <= high)
            {
                var middle = (low + high) / 2;
                var order = string.CompareOrdinal(_pairs[middle].Key, key);
                if (order == 0)
                {
                    return _pairs[middle].Value;
                }

                (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
            }

            return null;
        }
    }

    /// <summary>Makes labels from pairs; keys must be unique.</summary>
    public static Labels From(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        var array = pairs.ToArray();
        if (array.Length == 0)
        {
            return Empty;
        }

        Array.Sort(array, (left, right) => string.CompareOrdinal(left.Key, right.Key));
        return new Labels(array);
    }

    /// <summary>Every label of <paramref name="selector"/> is here, with the same value: what the selector of a Service asks of a pod, and a nodeSelector of a node.</summary>
    public bool HasAll(Labels selector) => selector.All(pair => this[pair.Key] == pair.Value);

    /// <inheritdoc/>
    public bool Equals(Labels? other) => other is not null && _pairs.AsSpan().SequenceEqual(other._pairs);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Labels);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var pair in _pairs)
        {
            hash.Add(pair);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => ((IEnumerable<KeyValuePair<string, string>>)_pairs).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => _pairs.GetEnumerator();

    /// <summary>The labels as <c>a=b,c=d</c>.</summary>
    public override string ToString() => string.Join(',', _pairs.Select(pair => $"{pair.Key}={pair.Value}"));
}
