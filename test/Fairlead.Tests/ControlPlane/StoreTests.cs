using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Selectors;

namespace Fairlead.Tests.ControlPlane;

public sealed class StoreTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-store-").FullName;

    private string File => Path.Combine(_directory, "store.db");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_write_gets_the_next_revision_and_a_stale_one_is_refused()
    {
        await using var store = Open();
        var first = await store.WriteAsync(Id("a"), 0, Value("a"));
        Assert.Equal((WriteOutcome.Done, 2), (first.Outcome, first.Written!.Revision));
        Assert.Equal(WriteOutcome.Stale, (await store.WriteAsync(Id("a"), 0, Value("a"))).Outcome);
        Assert.Equal(WriteOutcome.Stale, (await store.WriteAsync(Id("a"), 1, Value("a"))).Outcome);
        var second = await store.WriteAsync(Id("a"), 2, Value("a"));
        Assert.Equal(3, second.Written!.Revision);
        Assert.Equal("3", store.Get(Id("a"))!.Parse()["metadata"]!["resourceVersion"]!.GetValue<string>());
    }

    [Fact]
    public async Task Everything_acknowledged_is_there_after_a_restart_and_the_revision_goes_on()
    {
        await using (var store = Open())
        {
            await Task.WhenAll(Enumerable.Range(0, 500).Select(i => store.WriteAsync(Id($"n{i:d3}"), 0, Value($"n{i:d3}"))));
            var gone = store.Get(Id("n007"))!;
            await store.WriteAsync(gone.Id, gone.Revision, null);
        }

        await using var again = Open();
        Assert.Equal(499, again.Snapshot("configmaps").Objects.Count);
        Assert.Null(again.Get(Id("n007")));
        Assert.Equal(502, again.Revision);
        Assert.Equal("n008", again.Get(Id("n008"))!.Labels["name"]);
    }

    [Fact]
    public async Task A_second_control_plane_on_the_same_file_is_told_so()
    {
        await using var store = Open();
        var refused = Assert.Throws<StoreException>(Open);
        Assert.Contains("in use by another control plane", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_store_is_named()
    {
        System.IO.File.WriteAllText(File, new string('x', 5000));
        var refused = Assert.Throws<StoreException>(Open);
        Assert.Contains("is not a store of Fairlead's", refused.Message, StringComparison.Ordinal);
        Assert.Contains(File, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_page_is_reported_at_start_and_not_served()
    {
        await using (var store = Open())
        {
            await Task.WhenAll(Enumerable.Range(0, 200).Select(i => store.WriteAsync(Id($"n{i}"), 0, Value($"n{i}"))));
        }

        var bytes = System.IO.File.ReadAllBytes(File);
        bytes.AsSpan(8192, 4096).Fill(0xA5);
        System.IO.File.WriteAllBytes(File, bytes);
        var refused = Assert.Throws<StoreException>(Open);
        Assert.Contains("is damaged", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watcher_sees_every_change_in_order_and_one_that_lags_is_told()
    {
        await using var store = Open(window: 8);
        using var cursor = store.Watch("configmaps", store.Revision)!;
        for (var i = 0; i < 8; i++)
        {
            await store.WriteAsync(Id($"n{i}"), 0, Value($"n{i}"));
        }

        Assert.Equal(Enumerable.Range(2, 8).Select(i => (long)i), cursor.Read().Events.Select(change => change.Revision));
        using var late = store.Watch("configmaps", 3)!;
        await store.WriteAsync(Id("n8"), 0, Value("n8"));
        await store.WriteAsync(Id("n9"), 0, Value("n9"));
        await store.WriteAsync(Id("n10"), 0, Value("n10"));
        Assert.True(late.Read().Lost);
        Assert.Null(store.Watch("configmaps", 3));
        Assert.Equal(3, cursor.Read().Events.Count);
    }

    [Fact]
    public async Task A_snapshot_at_an_earlier_revision_is_what_was_there_then()
    {
        await using var store = Open(window: 8);
        for (var i = 0; i < 10; i++)
        {
            await store.WriteAsync(Id($"n{i}"), 0, Value($"n{i}"));
        }

        var deleted = store.Get(Id("n0"))!;
        await store.WriteAsync(deleted.Id, deleted.Revision, null);
        for (var revision = 4; revision <= 12; revision++)
        {
            var names = store.SnapshotAt("configmaps", revision)!.Value.Objects.Keys.Select(path => path.Name).Order().ToArray();
            var expected = Enumerable.Range(0, Math.Min(revision - 1, 10)).Select(i => $"n{i}").Where(name => revision < 12 || name != "n0").Order().ToArray();
            Assert.Equal(expected, names);
        }

        Assert.Null(store.SnapshotAt("configmaps", 3));
        Assert.Null(store.SnapshotAt("configmaps", 13));
    }

    private static ObjectId Id(string name) => new("configmaps", "default", name);

    private static JsonObject Value(string name) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default", ["labels"] = new JsonObject { ["name"] = name } },
    };

    private ObjectStore Open() => Open(window: 1024);

    private ObjectStore Open(int window) => ObjectStore.Open(File, new NoFields(), window);

    private sealed class NoFields : IObjectIndex
    {
        public Labels Fields(string resource, JsonObject value) => Labels.Empty;
    }
}
