namespace Fairlead.Cluster.Reflectors;

/// <summary>
/// Gives equal texts one object. Every endpoint of a cluster says its namespace, node and zone: few texts, each held a hundred thousand times over if every
/// document brought its own. One thread at a time.
/// </summary>
internal sealed class SharedTexts
{
    // Enough for the names of a large cluster's nodes and namespaces; beyond it sharing begins anew, so that names of the past are not held for ever.
    private const int Most = 10_000;

    private readonly HashSet<string> _texts = new(StringComparer.Ordinal);

    /// <summary>The text, as the object it was first given as.</summary>
    public string Of(string text)
    {
        if (_texts.TryGetValue(text, out var known))
        {
            return known;
        }

        if (_texts.Count >= Most)
        {
            _texts.Clear();
        }

        _texts.Add(text);
        return text;
    }
}
