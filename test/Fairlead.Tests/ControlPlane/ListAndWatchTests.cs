using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.Kube.Client;
using Fairlead.Testing;
using static Fairlead.Tests.ControlPlane.RegistryHarness;

namespace Fairlead.Tests.ControlPlane;

public sealed class ListAndWatchTests : IAsyncLifetime
{
    private readonly RegistryHarness _api = new(window: 32);

    public async ValueTask InitializeAsync() => await _api.NamespaceAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task Pages_show_one_state_though_writes_go_on_between_them()
    {
        await FillAsync(10);
        var first = _api.List(ResourceTypes.ConfigMaps, new ListQuery { Limit = 4 });
        Assert.Equal(6, first.Remaining);
        await _api.DeleteAsync(ResourceTypes.ConfigMaps, "c8");
        await _api.ConfigMapAsync("c55");
        var second = _api.List(ResourceTypes.ConfigMaps, new ListQuery { Limit = 4, Continue = first.Continue });
        var third = _api.List(ResourceTypes.ConfigMaps, new ListQuery { Limit = 4, Continue = second.Continue });
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"c{i}"), Names(first).Concat(Names(second)).Concat(Names(third)));
        Assert.Equal((first.Revision, first.Revision, ""), (second.Revision, third.Revision, third.Continue));
    }

    [Fact]
    public async Task A_token_whose_state_has_passed_is_answered_by_one_that_goes_on_inconsistently()
    {
        await FillAsync(10);
        var first = _api.List(ResourceTypes.ConfigMaps, new ListQuery { Limit = 4 });
        for (var i = 0; i < 40; i++)
        {
            await _api.PatchAsync(ResourceTypes.ConfigMaps, "c9", $$$"""{"data":{"i":"{{{i}}}"}}""");
        }

        var expired = Assert.Throws<StatusException>(() => _api.List(ResourceTypes.ConfigMaps, new ListQuery { Limit = 4, Continue = first.Continue }));
        Assert.Equal((410, "Expired"), (expired.Code, expired.Reason));
        var token = expired.ToStatus().Text("metadata", "continue")!;
        var goesOn = _api.List(ResourceTypes.ConfigMaps, new ListQuery { Limit = 4, Continue = token });
        Assert.Equal(["c4", "c5", "c6", "c7"], Names(goesOn));
        Assert.Equal((_api.Revision, 2), (goesOn.Revision, goesOn.Remaining));
        Assert.Equal(["c8", "c9"], Names(_api.List(ResourceTypes.ConfigMaps, new ListQuery { Limit = 4, Continue = goesOn.Continue })));
        var both = new ListQuery { Limit = 4, Continue = goesOn.Continue, ResourceVersion = "1" };
        Assert.Equal(400, Assert.Throws<StatusException>(() => _api.List(ResourceTypes.ConfigMaps, both)).Code);
        Assert.Equal(400, Assert.Throws<StatusException>(() => _api.List(ResourceTypes.ConfigMaps, new ListQuery { Continue = "nonsense" })).Code);
    }

    [Fact]
    public async Task A_list_is_of_the_revision_asked_for_or_says_why_not()
    {
        await FillAsync(3);
        var then = _api.Revision;
        await _api.ConfigMapAsync("later");
        Assert.Equal(3, _api.List(ResourceTypes.ConfigMaps, new ListQuery { ResourceVersion = Text(then), Match = "Exact" }).Items.Count);
        Assert.Equal(4, _api.List(ResourceTypes.ConfigMaps, new ListQuery { ResourceVersion = Text(then), Match = "NotOlderThan" }).Items.Count);
        Assert.Equal(4, _api.List(ResourceTypes.ConfigMaps, new ListQuery { ResourceVersion = "0" }).Items.Count);
        var future = Assert.Throws<StatusException>(() => _api.List(ResourceTypes.ConfigMaps, new ListQuery { ResourceVersion = "9999" }));
        Assert.Equal((504, "ResourceVersionTooLarge"), (future.Code, future.Details!.List("causes")![0].Text("reason")));
        foreach (var query in (ListQuery[])
        [
            new() { Match = "Exact" }, new() { Match = "Exact", ResourceVersion = "0" }, new() { Match = "Whenever", ResourceVersion = "1" },
            new() { SendInitialEvents = true },
        ])
        {
            Assert.Equal(422, Assert.Throws<StatusException>(() => _api.List(ResourceTypes.ConfigMaps, query)).Code);
        }
    }

    [Fact]
    public async Task A_list_of_a_revision_that_has_passed_is_gone_unless_any_newer_will_do()
    {
        await FillAsync(3);
        var then = Text(_api.Revision);
        await FillMoreAsync(40);
        foreach (var query in (ListQuery[])[new() { ResourceVersion = then, Match = "Exact" }, new() { ResourceVersion = then, Limit = 2 }])
        {
            var gone = Assert.Throws<StatusException>(() => _api.List(ResourceTypes.ConfigMaps, query));
            Assert.Equal((410, "Expired"), (gone.Code, gone.Reason));
        }

        Assert.Equal(43, _api.List(ResourceTypes.ConfigMaps, new ListQuery { ResourceVersion = then, Match = "NotOlderThan" }).Items.Count);
        Assert.Equal(43, _api.List(ResourceTypes.ConfigMaps, new ListQuery { ResourceVersion = then }).Items.Count);
    }

    [Fact]
    public async Task A_watch_without_its_initial_events_begins_now_and_bookmarks_come_only_when_asked_for()
    {
        await FillAsync(3);
        var query = new ListQuery { SendInitialEvents = false, Match = "NotOlderThan" };
        await using var watch = _api.Watch(ResourceTypes.ConfigMaps, query, Deadline.Token());
        var next = watch.MoveNextAsync();
        _api.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.False(next.IsCompleted);
        await _api.ConfigMapAsync("next");
        Assert.True(await next);
        Assert.Equal((WatchItemType.Added, "next"), (watch.Current.Type, watch.Current.Object!.Id.Name));
    }

    [Fact]
    public async Task Fields_and_labels_select_and_unknown_fields_are_refused()
    {
        await _api.CreateAsync(ResourceTypes.Pods, """{"metadata":{"name":"a"},"spec":{"nodeName":"one","containers":[{"name":"c","image":"i"}]}}""");
        await _api.CreateAsync(ResourceTypes.Pods, """{"metadata":{"name":"b"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        Assert.Equal(["a"], Names(_api.List(ResourceTypes.Pods, new ListQuery { FieldSelector = "spec.nodeName=one" })));
        Assert.Equal(["b"], Names(_api.List(ResourceTypes.Pods, new ListQuery { FieldSelector = "spec.nodeName!=one,status.phase=Pending" })));
        Assert.Equal(["b"], Names(_api.List(ResourceTypes.Pods, new ListQuery { FieldSelector = "metadata.name=b" })));
        foreach (var bad in (string[])["spec.color=red", "nonsense", "metadata.name=a=b"])
        {
            Assert.Equal(400, Assert.Throws<StatusException>(() => _api.List(ResourceTypes.Pods, new ListQuery { FieldSelector = bad })).Code);
        }
    }

    [Fact]
    public async Task A_watch_tells_changes_from_its_revision_on_with_selected_objects_coming_and_going()
    {
        var from = Text(_api.Revision);
        await _api.ConfigMapAsync("a", """{"on":"yes"}""");
        await _api.ConfigMapAsync("b", """{"on":"no"}""");
        await _api.PatchAsync(ResourceTypes.ConfigMaps, "a", """{"data":{"x":"1"}}""");
        await _api.PatchAsync(ResourceTypes.ConfigMaps, "a", """{"metadata":{"labels":{"on":"no"}}}""");
        var left = _api.Revision;
        await _api.PatchAsync(ResourceTypes.ConfigMaps, "b", """{"metadata":{"labels":{"on":"yes"}}}""");
        await _api.DeleteAsync(ResourceTypes.ConfigMaps, "b");
        await using var watch = _api.Watch(ResourceTypes.ConfigMaps, new ListQuery { LabelSelector = "on=yes", ResourceVersion = from }, Deadline.Token());
        var seen = await TakeAsync(watch, 5);
        Assert.Equal(
            [(WatchItemType.Added, "a"), (WatchItemType.Modified, "a"), (WatchItemType.Deleted, "a"), (WatchItemType.Added, "b"), (WatchItemType.Deleted, "b")],
            seen.Select(item => (item.Type, item.Object!.Id.Name)));
        Assert.Equal(Text(left), seen[2].Object!.Parse().Text("metadata", "resourceVersion"));
        Assert.Equal("yes", seen[2].Object!.Labels["on"]);
        Assert.Equal(Text(_api.Revision), seen[4].Object!.Parse().Text("metadata", "resourceVersion"));
    }

    [Fact]
    public async Task A_streamed_list_ends_with_its_bookmark_and_goes_on_as_a_watch()
    {
        await FillAsync(3);
        var listed = _api.Revision;
        var query = new ListQuery { SendInitialEvents = true, Match = "NotOlderThan", Bookmarks = true };
        await using var watch = _api.Watch(ResourceTypes.ConfigMaps, query, Deadline.Token());
        var seen = await TakeAsync(watch, 4);
        Assert.Equal((WatchItemType.InitialEnd, listed), (seen[3].Type, seen[3].Revision));
        await _api.ConfigMapAsync("next");
        Assert.Equal("next", (await TakeAsync(watch, 1))[0].Object!.Id.Name);
        foreach (var bad in (ListQuery[])[query with { Match = "" }, query with { Match = "Exact", ResourceVersion = "1" }, new() { Match = "NotOlderThan", ResourceVersion = "1" }])
        {
            await using var refused = _api.Watch(ResourceTypes.ConfigMaps, bad);
            Assert.Equal(422, (await Assert.ThrowsAsync<StatusException>(async () => await refused.MoveNextAsync())).Code);
        }
    }

    [Fact]
    public async Task Bookmarks_carry_the_revision_up_to_which_nothing_was_missed()
    {
        await using var watch = _api.Watch(ResourceTypes.ConfigMaps, new ListQuery { ResourceVersion = Text(_api.Revision), Bookmarks = true }, Deadline.Token());
        var next = watch.MoveNextAsync();
        await _api.NamespaceAsync("other");
        _api.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.True(await next);
        Assert.Equal((WatchItemType.Bookmark, _api.Revision), (watch.Current.Type, watch.Current.Revision));
    }

    [Fact]
    public async Task A_watch_from_a_revision_that_has_passed_is_gone_and_one_from_the_future_waits_for_nothing()
    {
        var from = Text(_api.Revision);
        await FillAsync(40);
        await using var late = _api.Watch(ResourceTypes.ConfigMaps, new ListQuery { ResourceVersion = from });
        Assert.Equal((410, "Expired"), await RefusedAsync(late));
        await using var future = _api.Watch(ResourceTypes.ConfigMaps, new ListQuery { ResourceVersion = "99999" });
        Assert.Equal((504, "Timeout"), await RefusedAsync(future));
        await using var nonsense = _api.Watch(ResourceTypes.ConfigMaps, new ListQuery { ResourceVersion = "abc" });
        Assert.Equal((400, "BadRequest"), await RefusedAsync(nonsense));
    }

    [Fact]
    public async Task A_watcher_that_lags_behind_the_window_is_told_so()
    {
        await using var watch = _api.Watch(ResourceTypes.ConfigMaps, new ListQuery { ResourceVersion = Text(_api.Revision) }, Deadline.Token());
        await _api.ConfigMapAsync("first");
        Assert.True(await watch.MoveNextAsync());
        await FillAsync(40);
        Assert.Equal((410, "Expired"), await RefusedAsync(watch));
    }

    [Fact]
    public async Task Watchers_at_the_same_time_see_the_same_order()
    {
        await using var api = new RegistryHarness(window: 1024);
        await api.NamespaceAsync();
        var from = new ListQuery { ResourceVersion = Text(api.Revision) };
        const int Count = 300;
        async Task<long[]> WatchAsync()
        {
            await using var watch = api.Watch(ResourceTypes.ConfigMaps, from, Deadline.Token());
            return [.. (await TakeAsync(watch, Count)).Select(item => item.Revision)];
        }

        var watchers = Enumerable.Range(0, 8).Select(_ => Task.Run(WatchAsync)).ToArray();
        for (var i = 0; i < Count; i += 10)
        {
            var round = i;
            await Task.WhenAll(Enumerable.Range(0, 10).Select(n => api.ConfigMapAsync($"w{round + n}")));
        }

        var seen = await Task.WhenAll(watchers);
        Assert.All(seen, order => Assert.Equal(seen[0].Order(), order));
        Assert.All(seen, order => Assert.Equal(seen[0], order));
    }

    [Fact]
    public async Task Events_are_watched_in_either_version_with_its_own_fields()
    {
        var from = Text(_api.Revision);
        await _api.CreateAsync(ResourceTypes.Events, """{"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"p","namespace":"default"},"reason":"R","message":"m"}""");
        await using var watch = _api.Watch(ResourceTypes.EventsV1, new ListQuery { ResourceVersion = from, FieldSelector = "regarding.name=p" }, Deadline.Token());
        var item = (await TakeAsync(watch, 1))[0];
        Assert.Equal("m", ObjectWriter.External(Kind(ResourceTypes.EventsV1), item.Object!).Text("note"));
    }

    private static IEnumerable<string> Names(ListReply list) => list.Items.Select(item => item.Id.Name);

    private static async Task<(int Code, string Reason)> RefusedAsync(IAsyncEnumerator<WatchItem> watch)
    {
        var refused = await Assert.ThrowsAsync<StatusException>(async () =>
        {
            while (await watch.MoveNextAsync())
            {
            }
        });
        return (refused.Code, refused.Reason);
    }

    private static async Task<List<WatchItem>> TakeAsync(IAsyncEnumerator<WatchItem> watch, int count)
    {
        var items = new List<WatchItem>();
        while (items.Count < count && await watch.MoveNextAsync())
        {
            items.Add(watch.Current);
        }

        return items;
    }

    private async Task FillMoreAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await _api.ConfigMapAsync($"more{i}");
        }
    }

    private async Task FillAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await _api.ConfigMapAsync($"c{i}");
        }
    }
}
