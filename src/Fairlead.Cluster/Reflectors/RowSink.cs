using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Watch;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cluster.Reflectors;

/// <summary>Fills a table from documents. A document that cannot be read has no row, and says so in the log.</summary>
internal sealed class RowSink<TKey, TRow>(Table<TKey, TRow> table, Func<ObjectKey, TKey> keyOf, Func<JsonObject, TRow> read, ILogger log) : IPagedSink
    where TKey : notnull
    where TRow : class
{
    private List<KeyValuePair<TKey, TRow>> _listed = [];

    /// <inheritdoc/>
    public void Replace(IReadOnlyList<JsonObject> items)
    {
        BeginList();
        AddPage(items);
        EndList();
    }

    /// <inheritdoc/>
    public void BeginList() => _listed = [];

    /// <inheritdoc/>
    public void AddPage(IReadOnlyList<JsonObject> items)
    {
        foreach (var item in items)
        {
            if (Read(item) is { } row)
            {
                _listed.Add(KeyValuePair.Create(keyOf(item.Key()), row));
            }
        }
    }

    /// <inheritdoc/>
    public void EndList()
    {
        table.Replace(_listed);
        _listed = [];
    }

    /// <inheritdoc/>
    public void Upsert(JsonObject item)
    {
        if (Read(item) is { } row)
        {
            table.Upsert(keyOf(item.Key()), row);
        }
        else
        {
            table.Delete(keyOf(item.Key()));
        }
    }

    /// <inheritdoc/>
    public void Delete(JsonObject item) => table.Delete(keyOf(item.Key()));

    private TRow? Read(JsonObject item)
    {
        try
        {
            return read(item);
        }
        catch (FormatException e)
        {
            log.RowUnreadable(table.Name, item.Key(), e.Message);
            return null;
        }
    }
}
