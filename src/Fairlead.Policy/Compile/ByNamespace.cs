using System.Collections.ObjectModel;
using Fairlead.Cluster.Model;

namespace Fairlead.Policy.Compile;

/// <summary>Rows by namespace, kept in step row by row: what concerns one namespace is found without a look at the others.</summary>
internal sealed class ByNamespace<TRow>
    where TRow : class
{
    private readonly Dictionary<string, Dictionary<ObjectKey, TRow>> _spaces = [];

    /// <summary>Namespaces with rows.</summary>
    public IEnumerable<string> Names => _spaces.Keys;

    /// <summary>Rows of one namespace, in no order.</summary>
    public IReadOnlyDictionary<ObjectKey, TRow> Of(string name) => _spaces.TryGetValue(name, out var rows) ? rows : ReadOnlyDictionary<ObjectKey, TRow>.Empty;

    /// <summary>Puts a row in its place; null takes it out.</summary>
    public void Set(ObjectKey key, TRow? row)
    {
        var exists = _spaces.TryGetValue(key.Namespace, out var rows);
        if (row is not null)
        {
            rows ??= _spaces[key.Namespace] = [];
            rows[key] = row;
        }
        else if (exists && rows!.Remove(key) && rows.Count == 0)
        {
            _spaces.Remove(key.Namespace);
        }
    }
}
