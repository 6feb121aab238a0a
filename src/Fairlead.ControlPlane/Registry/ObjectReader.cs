using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Store;

namespace Fairlead.ControlPlane.Registry;

/// <summary>One answer to a list. <see cref="Continue"/> is empty at the end; <see cref="Remaining"/> null when not known.</summary>
internal sealed record ListReply(IReadOnlyList<StoredObject> Items, long Revision, string Continue, long? Remaining);

/// <summary>What a watch delivers.</summary>
internal enum WatchItemType
{
    Added,
    Modified,
    Deleted,

    /// <summary>Everything up to the revision has been delivered.</summary>
    Bookmark,

    /// <summary>The bookmark that ends the initial state (KEP-3157).</summary>
    InitialEnd,
}

/// <summary>One item of a watch; <see cref="Object"/> null for bookmarks.</summary>
internal readonly record struct WatchItem(WatchItemType Type, StoredObject? Object, long Revision);

/// <summary>Get, list and watch. All from memory.</summary>
internal sealed class ObjectReader(ObjectStore store, TimeProvider time)
{
    private static readonly TimeSpan BookmarkInterval = TimeSpan.FromSeconds(30);

    /// <summary>The latest revision.</summary>
    public long Revision => store.Revision;

    /// <summary>The object.</summary>
    /// <exception cref="StatusException">404.</exception>
    public StoredObject Get(KindDefinition kind, string ns, string name) =>
        store.Get(new ObjectId(KindIndex.Resource(kind.StorageType), ns, name)) ?? throw StatusException.NotFound(kind.Type, name);

    /// <summary>The objects selected, or one page of them.</summary>
    /// <exception cref="StatusException">400, 410 or 504, as the API says for the options.</exception>
    public ListReply List(KindDefinition kind, string ns, ListQuery query)
    {
        query.Check(watch: false);
        var selection = new Selection(kind, ns, query.LabelSelector, query.FieldSelector);
        var (snapshot, after) = Source(KindIndex.Resource(kind.StorageType), query);
        var items = new List<StoredObject>();
        var remaining = 0L;
        var more = false;
        foreach (var stored in From(snapshot.Objects, ns, after, selection))
        {
            if (query.Limit > 0 && items.Count == query.Limit)
            {
                more = true;
                if (selection.Selects)
                {
                    break;
                }

                remaining++;
            }
            else
            {
                items.Add(stored);
            }
        }

        var token = more ? new ContinueToken(snapshot.Revision, items[^1].Id.Path).ToString() : "";
        return new ListReply(items, snapshot.Revision, token, more && !selection.Selects ? remaining : null);
    }

    /// <summary>The changes of the objects selected, until cancelled.</summary>
    /// <exception cref="StatusException">400 or 422 for bad options, 410 when the window has passed the reader.</exception>
    public async IAsyncEnumerable<WatchItem> WatchAsync(
        KindDefinition kind, string ns, ListQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        query.Check(watch: true);
        var selection = new Selection(kind, ns, query.LabelSelector, query.FieldSelector);
        var resource = KindIndex.Resource(kind.StorageType);
        var asked = query.Revision;
        var initial = query.SendInitialEvents ?? asked == 0;
        RefuseFuture(asked);
        var snapshot = store.Snapshot(resource);
        using var cursor = store.Watch(resource, initial || asked == 0 ? snapshot.Revision : asked) ?? throw TooOld(asked);
        if (initial)
        {
            foreach (var stored in From(snapshot.Objects, ns, null, selection))
            {
                yield return new WatchItem(WatchItemType.Added, stored, stored.Revision);
            }

            if (query is { SendInitialEvents: true, Bookmarks: true })
            {
                yield return new WatchItem(WatchItemType.InitialEnd, null, snapshot.Revision);
            }
        }

        await foreach (var item in FollowAsync(cursor, selection, query.Bookmarks, cancellationToken))
        {
            yield return item;
        }
    }

    private static StatusException TooOld(long revision) =>
        StatusException.Expired($"too old resource version: {revision}: the watch window has passed it; list again and watch from there");

    private static IEnumerable<StoredObject> From(
        ImmutableSortedDictionary<ObjectPath, StoredObject> objects, string ns, ObjectPath? after, Selection selection)
    {
        if (ns.Length > 0 && selection.OnlyName is { Length: > 0 } name)
        {
            return objects.TryGetValue(new ObjectPath(ns, name), out var only) && selection.Matches(only) ? [only] : [];
        }

        return objects.Where(pair => after is not { } last || pair.Key.CompareTo(last) > 0).Select(pair => pair.Value).Where(selection.Matches);
    }

    private static WatchItem? Transition(StoreEvent change, Selection selection)
    {
        var before = change.Old is { } old && selection.Matches(old);
        var after = !change.Deleted && selection.Matches(change.New);
        return (before, after) switch
        {
            (false, true) => new WatchItem(WatchItemType.Added, change.New, change.Revision),
            (true, true) => new WatchItem(WatchItemType.Modified, change.New, change.Revision),
            (true, false) when change.Deleted => new WatchItem(WatchItemType.Deleted, change.New, change.Revision),
            (true, false) => new WatchItem(WatchItemType.Deleted, JsonBytes.Restamp(change.Old!, change.Revision), change.Revision),
            _ => null,
        };
    }

    private async IAsyncEnumerable<WatchItem> FollowAsync(
        WatchCursor cursor, Selection selection, bool bookmarks, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var due = false;
        var seen = 0L;
        await using var timer = time.CreateTimer(
            _ =>
            {
                Volatile.Write(ref due, true);
                cursor.Wake.Ring();
            },
            null, bookmarks ? BookmarkInterval : Timeout.InfiniteTimeSpan, BookmarkInterval);
        while (true)
        {
            var batch = cursor.Read();
            if (batch.Lost)
            {
                throw TooOld(seen);
            }

            foreach (var change in batch.Events)
            {
                seen = change.Revision;
                if (Transition(change, selection) is { } item)
                {
                    yield return item;
                }
            }

            if (batch.Events.Count > 0)
            {
                continue;
            }

            if (Volatile.Read(ref due))
            {
                Volatile.Write(ref due, false);
                yield return new WatchItem(WatchItemType.Bookmark, null, batch.SeenRevision);
            }

            await cursor.Wake.WaitAsync(cancellationToken);
        }
    }

    private (ResourceSnapshot Snapshot, ObjectPath? After) Source(string resource, ListQuery query)
    {
        if (query.Continue.Length > 0)
        {
            if (query.Revision > 0)
            {
                throw StatusException.BadRequest("specifying resource version is not allowed when using continue");
            }

            var token = ContinueToken.Parse(query.Continue);
            if (token.Revision < 0)
            {
                return (store.Snapshot(resource), token.After);
            }

            return (store.SnapshotAt(resource, token.Revision) ?? throw ContinueExpired(token), token.After);
        }

        RefuseFuture(query.Revision);
        var exact = query.Match == "Exact" || (query is { Match: "", Limit: > 0 } && query.Revision > 0);
        if (!exact)
        {
            return (store.Snapshot(resource), null);
        }

        return (store.SnapshotAt(resource, query.Revision) ?? throw StatusException.Expired(
            $"The resourceVersion for the provided list is too old: {query.Revision}; list again without resourceVersion"), null);
    }

    private static StatusException ContinueExpired(ContinueToken token) => StatusException.Expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, " +
        "or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an " +
        "inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
        (token with { Revision = -1 }).ToString());

    private void RefuseFuture(long asked)
    {
        var current = store.Revision;
        if (asked > current)
        {
            throw StatusException.TooLargeRevision(asked, current);
        }
    }
}
