using Fairlead.State;

namespace Fairlead.Cluster;

/// <summary>
/// A table that is filled only while somebody reads it, of a kind that a server may not have. Each time that it is wanted anew it begins empty and not
/// initialized, so that nothing of an earlier time is taken for what is so now.
/// </summary>
/// <param name="name">What the rows are, in the plural.</param>
public sealed class OnDemandTable<TKey, TRow>(string name)
    where TKey : notnull
    where TRow : class
{
    private readonly Lock _gate = new();
    private int _readers;
    private Table<TKey, TRow>? _table;
    private string _refusal = "";

    /// <summary>Raised when <see cref="Wanted"/> or <see cref="Refusal"/> is another, on the thread that made it so: it must only wake somebody.</summary>
    public event Action? Changed;

    /// <summary>What is to be filled; null: nobody reads it.</summary>
    public Table<TKey, TRow>? Wanted
    {
        get
        {
            lock (_gate)
            {
                return _table;
            }
        }
    }

    /// <summary>Why the server gives none of it; empty: it does, or has not been asked yet.</summary>
    public string Refusal
    {
        get
        {
            lock (_gate)
            {
                return _refusal;
            }
        }
    }

    /// <summary>Says why the server gives nothing for a table that is wanted; empty: it does after all.</summary>
    /// <param name="table">The one that is to be filled; another than <see cref="Wanted"/> is of the past and changes nothing.</param>
    /// <param name="refusal">Why.</param>
    public void Refuse(Table<TKey, TRow> table, string refusal)
    {
        lock (_gate)
        {
            if (table != _table || refusal == _refusal)
            {
                return;
            }

            _refusal = refusal;
        }

        Changed?.Invoke();
    }

    /// <summary>Begins to read; disposing what is given back ends it.</summary>
    public Reading Read()
    {
        Reading reading;
        bool isFirst;
        lock (_gate)
        {
            isFirst = _readers++ == 0;
            reading = new Reading(this, _table ??= new Table<TKey, TRow>(name));
        }

        if (isFirst)
        {
            Changed?.Invoke();
        }

        return reading;
    }

    private void End()
    {
        lock (_gate)
        {
            if (--_readers > 0)
            {
                return;
            }

            (_table, _refusal) = (null, "");
        }

        Changed?.Invoke();
    }

    /// <summary>One reader's wish for the table. To be disposed once.</summary>
    public sealed class Reading : IDisposable
    {
        private readonly OnDemandTable<TKey, TRow> _owner;

        internal Reading(OnDemandTable<TKey, TRow> owner, Table<TKey, TRow> table) => (_owner, Table) = (owner, table);

        /// <summary>The table.</summary>
        public Table<TKey, TRow> Table { get; }

        /// <inheritdoc/>
        public void Dispose() => _owner.End();
    }
}
