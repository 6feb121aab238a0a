using Fairlead.Cluster.Model;

namespace Fairlead.Cluster.Controllers;

/// <summary>The rows of an informer by some value they have; made by <see cref="Informer{TRow}.AddIndex"/>.</summary>
public sealed class InformerIndex<TRow>
    where TRow : class, IObjectRow
{
    private readonly Lock _gate;
    private readonly Dictionary<ObjectKey, TRow> _rows;
    private readonly Func<TRow, IEnumerable<string>> _values;
    private readonly Dictionary<string, HashSet<ObjectKey>> _keys = [];

    internal InformerIndex(Lock gate, Dictionary<ObjectKey, TRow> rows, Func<TRow, IEnumerable<string>> values)
    {
        _gate = gate;
        _rows = rows;
        _values = values;
    }

    /// <summary>The rows that have <paramref name="value"/>, in no order.</summary>
    public IReadOnlyList<TRow> this[string value]
    {
        get
        {
            lock (_gate)
            {
                return _keys.TryGetValue(value, out var keys) ? [.. keys.Select(key => _rows[key])] : [];
            }
        }
    }

    /// <summary>How many rows have <paramref name="value"/>.</summary>
    public int Count(string value)
    {
        lock (_gate)
        {
            return _keys.TryGetValue(value, out var keys) ? keys.Count : 0;
        }
    }

    internal void Move(TRow? old, TRow? now)
    {
        foreach (var value in old is null ? [] : _values(old))
        {
            if (_keys.TryGetValue(value, out var keys) && keys.Remove(old!.Meta.Key) && keys.Count == 0)
            {
                _keys.Remove(value);
            }
        }

        foreach (var value in now is null ? [] : _values(now))
        {
            if (!_keys.TryGetValue(value, out var keys))
            {
                _keys[value] = keys = [];
            }

            keys.Add(now!.Meta.Key);
        }
    }
}
