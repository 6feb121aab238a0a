using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Controllers;

public sealed class WorkQueueAndInformerTests
{
    [Fact]
    public async Task A_key_added_often_is_taken_once_and_again_only_after_it_is_done()
    {
        using var queue = new WorkQueue<string>(TimeProvider.System);
        queue.Add("a");
        queue.Add("a");
        queue.Add("b");
        Assert.Equal("a", await queue.TakeAsync(default));
        queue.Add("a");
        Assert.Equal("b", await queue.TakeAsync(default));
        var third = queue.TakeAsync(default).AsTask();
        Assert.False(third.IsCompleted);
        queue.Done("a");
        Assert.Equal("a", await third);
        queue.Done("a");
        queue.Done("b");
        Assert.True(queue.IsIdle);
    }

    [Fact]
    public async Task Retries_come_later_each_time_until_the_key_is_forgotten()
    {
        var time = new FakeTimeProvider();
        using var queue = new WorkQueue<string>(time);
        foreach (var milliseconds in new[] { 10, 20, 40 })
        {
            queue.Retry("a");
            time.Advance(TimeSpan.FromMilliseconds(milliseconds - 1));
            var taken = queue.TakeAsync(default).AsTask();
            Assert.False(taken.IsCompleted);
            time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Equal("a", await taken);
            queue.Done("a");
        }

        queue.Forget("a");
        queue.Retry("a");
        time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Equal("a", await queue.TakeAsync(default));
    }

    [Fact]
    public async Task Of_two_delays_the_shorter_counts_and_the_key_comes_once()
    {
        var time = new FakeTimeProvider();
        using var queue = new WorkQueue<string>(time);
        queue.AddAfter("a", TimeSpan.FromSeconds(10));
        queue.AddAfter("a", TimeSpan.FromSeconds(5));
        queue.AddAfter("a", TimeSpan.FromSeconds(20));
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("a", await queue.TakeAsync(default));
        queue.Done("a");
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(queue.IsIdle);
    }

    [Fact]
    public async Task A_key_that_rests_is_taken_again_only_afterwards_and_only_if_it_was_added()
    {
        var time = new FakeTimeProvider();
        using var queue = new WorkQueue<string>(time);
        queue.Add("a");
        queue.Add("b");
        queue.Done(await queue.TakeAsync(default), TimeSpan.FromSeconds(1));
        queue.Done(await queue.TakeAsync(default), TimeSpan.FromSeconds(1));
        queue.Add("a");
        var again = queue.TakeAsync(default).AsTask();
        Assert.False(again.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("a", await again);
        queue.Done("a");
        Assert.True(queue.IsIdle);
    }

    [Fact]
    public void An_answer_to_a_write_is_seen_at_once_and_never_goes_back_behind_the_watch()
    {
        var informer = new Informer<Row>(item => new Row(RowMeta.From(item)));
        informer.Replace([Item("a", "u1", 5)]);
        informer.Observe(Item("a", "u1", 9));
        Assert.Equal(9ul, informer.Get(Key)?.Meta.ResourceVersion);
        informer.Upsert(Item("a", "u1", 7));
        Assert.Equal(9ul, informer.Get(Key)?.Meta.ResourceVersion);
        informer.Delete(Item("a", "u1", 12));
        informer.Observe(Item("a", "u1", 11));
        Assert.Null(informer.Get(Key));
    }

    [Fact]
    public void A_new_object_of_the_same_name_replaces_the_old_one_whatever_their_versions()
    {
        var informer = new Informer<Row>(item => new Row(RowMeta.From(item)));
        informer.Replace([Item("a", "u1", 5)]);
        informer.ObserveGone(Key, "u0");
        Assert.NotNull(informer.Get(Key));
        informer.ObserveGone(Key, "u1");
        Assert.Null(informer.Get(Key));
        informer.Upsert(Item("a", "u2", 6));
        informer.Delete(Item("a", "u1", 6));
        Assert.Equal("u2", informer.Get(Key)?.Meta.Uid);
    }

    [Fact]
    public void An_index_follows_changes_and_deletions()
    {
        var informer = new Informer<Row>(item => new Row(RowMeta.From(item)));
        var index = informer.AddIndex(row => [row.Meta.Uid]);
        informer.Replace([Item("a", "u1", 1), Item("b", "u1", 2)]);
        Assert.Equal(2, index["u1"].Count);
        informer.Upsert(Item("b", "u2", 3));
        Assert.Equal((1, 1), (index.Count("u1"), index.Count("u2")));
        informer.Replace([Item("b", "u2", 3)]);
        Assert.Empty(index["u1"]);
    }

    private static readonly ObjectKey Key = new("default", "a");

    private static JsonObject Item(string name, string uid, int version) => Make.Document(
        $$"""{ "metadata": { "namespace": "default", "name": "{{name}}", "uid": "{{uid}}", "resourceVersion": "{{version}}" } }""");

    private sealed record Row(RowMeta Meta) : IObjectRow;
}
