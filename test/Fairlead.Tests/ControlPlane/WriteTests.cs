using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.Kube.Client;
using static Fairlead.Tests.ControlPlane.RegistryHarness;

namespace Fairlead.Tests.ControlPlane;

public sealed class WriteTests : IAsyncLifetime
{
    private readonly RegistryHarness _api = new();

    public async ValueTask InitializeAsync() => await _api.NamespaceAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task A_new_object_gets_uid_time_and_revision_and_may_bring_no_revision()
    {
        var made = await _api.CreateAsync(ResourceTypes.ConfigMaps, """{"metadata":{"name":"a","selfLink":"x","deletionTimestamp":"2026-01-01T00:00:00Z"}}""");
        Assert.True(Guid.TryParse(made.Text("metadata", "uid"), out _));
        Assert.Equal("2026-01-02T03:04:05Z", made.Text("metadata", "creationTimestamp"));
        Assert.Equal(Text(_api.Revision), made.Text("metadata", "resourceVersion"));
        Assert.Equal("default", made.Text("metadata", "namespace"));
        Assert.Null(made.At("metadata", "selfLink"));
        Assert.Null(made.At("metadata", "deletionTimestamp"));
        Assert.Equal(400, (await RefusedAsync(() => _api.CreateAsync(ResourceTypes.ConfigMaps, """{"metadata":{"name":"b","resourceVersion":"5"}}"""))).Code);
        Assert.Equal(400, (await RefusedAsync(() => _api.CreateAsync(ResourceTypes.ConfigMaps, """{"metadata":{"name":"b","namespace":"other"}}"""))).Code);
        Assert.Equal("AlreadyExists", (await RefusedAsync(() => _api.ConfigMapAsync("a"))).Reason);
    }

    [Fact]
    public async Task A_generated_name_ends_in_five_letters_of_the_alphabet_and_never_collides()
    {
        var names = new HashSet<string>();
        for (var i = 0; i < 200; i++)
        {
            var made = await _api.CreateAsync(ResourceTypes.ConfigMaps, """{"metadata":{"generateName":"web-"}}""");
            Assert.Matches("^web-[bcdfghjklmnpqrstvwxz2456789]{5}$", made.Text("metadata", "name"));
            Assert.True(names.Add(made.Text("metadata", "name")!));
        }

        Assert.Equal(63, SystemMetadata.Generate(new string('a', 80)).Length);
    }

    [Fact]
    public async Task Of_two_writers_with_the_same_revision_one_gets_a_conflict()
    {
        var first = await _api.ConfigMapAsync("a");
        var second = first.DeepClone().AsObject();
        first["data"] = new JsonObject { ["from"] = "first" };
        second["data"] = new JsonObject { ["from"] = "second" };
        await _api.UpdateAsync(ResourceTypes.ConfigMaps, first);
        var refused = await RefusedAsync(() => _api.UpdateAsync(ResourceTypes.ConfigMaps, second));
        Assert.Equal((409, "Conflict"), (refused.Code, refused.Reason));
        Assert.Equal(
            "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again",
            refused.Message);
        second["metadata"]!.AsObject().Remove("resourceVersion");
        Assert.Equal("second", (await _api.UpdateAsync(ResourceTypes.ConfigMaps, second)).Text("data", "from"));
    }

    [Fact]
    public async Task Patches_that_meet_all_take_effect()
    {
        await _api.ConfigMapAsync("a");
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => _api.PatchAsync(ResourceTypes.ConfigMaps, "a", $$$"""{"data":{"k{{{i}}}":"v"}}""")));
        Assert.Equal(12, _api.Registry.Reader.Get(Kind(ResourceTypes.ConfigMaps), "default", "a").Parse().Object("data")!.Count);
    }

    [Fact]
    public async Task A_write_that_changes_nothing_makes_no_revision()
    {
        var made = await _api.ConfigMapAsync("a");
        var before = _api.Revision;
        await _api.UpdateAsync(ResourceTypes.ConfigMaps, made);
        await _api.PatchAsync(ResourceTypes.ConfigMaps, "a", """{"metadata":{"labels":null}}""");
        Assert.Equal(before, _api.Revision);
    }

    [Fact]
    public async Task A_dry_run_is_checked_and_not_stored()
    {
        var before = _api.Revision;
        var dry = new WriteOptions { DryRun = true };
        var reply = await _api.Registry.CreateAsync(Kind(ResourceTypes.ConfigMaps), "default", Document("""{"metadata":{"name":"a"}}"""), dry);
        Assert.Equal("a", reply.Object.Id.Name);
        await RefusedAsync(() => _api.Registry.CreateAsync(Kind(ResourceTypes.ConfigMaps), "default", Document("""{"metadata":{"name":"A_"}}"""), dry));
        await _api.ConfigMapAsync("b");
        await _api.DeleteAsync(ResourceTypes.ConfigMaps, "b", new DeleteOptions { DryRun = true });
        Assert.Equal(before + 1, _api.Revision);
    }

    [Fact]
    public async Task A_finalizer_holds_the_object_until_it_is_removed_and_none_can_be_added()
    {
        await _api.CreateAsync(ResourceTypes.ConfigMaps, """{"metadata":{"name":"a","finalizers":["example.com/hold"]}}""");
        var reply = await _api.DeleteAsync(ResourceTypes.ConfigMaps, "a");
        Assert.False(reply.Gone);
        Assert.Equal("2026-01-02T03:04:05Z", reply.Object.Parse().Text("metadata", "deletionTimestamp"));
        Assert.Equal(422, (await RefusedAsync(
            () => _api.PatchAsync(ResourceTypes.ConfigMaps, "a", """{"metadata":{"finalizers":["example.com/hold","example.com/more"]}}"""))).Code);
        var revision = _api.Revision;
        Assert.False((await _api.DeleteAsync(ResourceTypes.ConfigMaps, "a")).Gone);
        Assert.Equal(revision, _api.Revision);
        await _api.PatchAsync(ResourceTypes.ConfigMaps, "a", """{"metadata":{"finalizers":null}}""");
        Assert.Null(_api.Registry.Find(Kind(ResourceTypes.ConfigMaps), "default", "a"));
    }

    [Fact]
    public async Task Foreground_and_orphan_deletion_leave_a_finalizer_for_the_garbage_collector()
    {
        await _api.ConfigMapAsync("a");
        await _api.ConfigMapAsync("b");
        var foreground = await _api.DeleteAsync(ResourceTypes.ConfigMaps, "a", new DeleteOptions { Propagation = Propagation.Foreground });
        var orphan = await _api.DeleteAsync(ResourceTypes.ConfigMaps, "b", new DeleteOptions().Read(Document("""{"propagationPolicy":"Orphan"}""")));
        Assert.Equal(["foregroundDeletion"], foreground.Object.Parse().List("metadata", "finalizers").Texts());
        Assert.Equal(["orphan"], orphan.Object.Parse().List("metadata", "finalizers").Texts());
        Assert.Throws<StatusException>(() => new DeleteOptions().Read(Document("""{"propagationPolicy":"Sideways"}""")));
    }

    [Fact]
    public async Task A_deletion_insists_on_the_uid_and_revision_it_was_given()
    {
        var made = await _api.ConfigMapAsync("a");
        Assert.Equal("Conflict", (await RefusedAsync(() => _api.DeleteAsync(ResourceTypes.ConfigMaps, "a", new DeleteOptions { Uid = "other" }))).Reason);
        Assert.Equal("Conflict", (await RefusedAsync(() => _api.DeleteAsync(ResourceTypes.ConfigMaps, "a", new DeleteOptions { ResourceVersion = "1" }))).Reason);
        Assert.True((await _api.DeleteAsync(ResourceTypes.ConfigMaps, "a", new DeleteOptions { Uid = made.Text("metadata", "uid")! })).Gone);
    }

    [Fact]
    public async Task A_pod_that_runs_is_given_its_grace_and_confirmed_with_none()
    {
        await PodAsync("a", bound: true);
        var reply = await _api.DeleteAsync(ResourceTypes.Pods, "a");
        Assert.Equal((false, "2026-01-02T03:04:35Z", 30), (reply.Gone, reply.Object.Parse().Text("metadata", "deletionTimestamp"), reply.Object.Parse().Number("metadata", "deletionGracePeriodSeconds")));
        var shorter = await _api.DeleteAsync(ResourceTypes.Pods, "a", new DeleteOptions { GracePeriodSeconds = 5 });
        Assert.Equal("2026-01-02T03:04:10Z", shorter.Object.Parse().Text("metadata", "deletionTimestamp"));
        var longer = await _api.DeleteAsync(ResourceTypes.Pods, "a", new DeleteOptions { GracePeriodSeconds = 60 });
        Assert.Equal(5, longer.Object.Parse().Number("metadata", "deletionGracePeriodSeconds"));
        Assert.True((await _api.DeleteAsync(ResourceTypes.Pods, "a", new DeleteOptions { GracePeriodSeconds = 0 })).Gone);
    }

    [Fact]
    public async Task A_pod_that_runs_nowhere_or_has_ended_goes_at_once()
    {
        await PodAsync("unbound", bound: false);
        Assert.True((await _api.DeleteAsync(ResourceTypes.Pods, "unbound")).Gone);
        await PodAsync("ended", bound: true);
        await _api.PatchAsync(ResourceTypes.Pods, "ended", """{"status":{"phase":"Succeeded"}}""", "status");
        Assert.True((await _api.DeleteAsync(ResourceTypes.Pods, "ended")).Gone);
    }

    [Fact]
    public async Task A_pod_is_bound_once()
    {
        await PodAsync("a", bound: false);
        var binding = Document("""{"target":{"kind":"Node","name":"one"}}""");
        var bound = (await _api.Registry.BindAsync(Kind(ResourceTypes.Pods), "default", "a", binding, new WriteOptions())).Object.Parse();
        Assert.Equal("one", bound.Text("spec", "nodeName"));
        Assert.Equal("PodScheduled", bound.List("status", "conditions")![0].Text("type"));
        var refused = await RefusedAsync(() => _api.Registry.BindAsync(Kind(ResourceTypes.Pods), "default", "a", binding, new WriteOptions()));
        Assert.Contains("already assigned to node \"one\"", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_created_in_a_namespace_that_is_missing_or_going()
    {
        var body = Document("""{"metadata":{"name":"a"}}""");
        Assert.Equal("namespaces \"missing\" not found", (await RefusedAsync(
            () => _api.Registry.CreateAsync(Kind(ResourceTypes.ConfigMaps), "missing", body, new WriteOptions()))).Message);
        await _api.NamespaceAsync("going");
        var reply = await _api.DeleteAsync(ResourceTypes.Namespaces, "going");
        Assert.Equal((false, "Terminating"), (reply.Gone, reply.Object.Parse().Text("status", "phase")));
        var refused = await RefusedAsync(() => _api.Registry.CreateAsync(Kind(ResourceTypes.ConfigMaps), "going", body, new WriteOptions()));
        Assert.Equal((403, "NamespaceTerminating"), (refused.Code, refused.Details!.List("causes")![0].Text("reason")));
        await _api.Registry.UpdateAsync(Kind(ResourceTypes.Namespaces), "", "going", "finalize", Document("""{"metadata":{"name":"going"},"spec":{}}"""), new WriteOptions());
        Assert.Null(_api.Registry.Find(Kind(ResourceTypes.Namespaces), "", "going"));
        Assert.Equal(403, (await RefusedAsync(() => _api.DeleteAsync(ResourceTypes.Namespaces, "kube-system"))).Code);
    }

    [Fact]
    public async Task A_collection_is_deleted_by_selector()
    {
        await _api.ConfigMapAsync("a", """{"x":"1"}""");
        await _api.ConfigMapAsync("b", """{"x":"2"}""");
        await _api.Registry.DeleteCollectionAsync(Kind(ResourceTypes.ConfigMaps), "default", new ListQuery { LabelSelector = "x=1" }, new DeleteOptions());
        Assert.Equal(["b"], _api.List(ResourceTypes.ConfigMaps, new ListQuery()).Items.Select(item => item.Id.Name));
    }

    [Fact]
    public async Task A_scale_reads_and_writes_replicas_and_nothing_else()
    {
        var made = await _api.CreateAsync(ResourceTypes.Deployments, """
            {"metadata":{"name":"web"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},
             "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}}}}
            """);
        Assert.Equal("app=web", ScaleView.Of(made).Text("status", "selector"));
        await _api.PatchAsync(ResourceTypes.Deployments, "web", """{"spec":{"replicas":5}}""", "scale");
        var scaled = _api.Registry.Reader.Get(Kind(ResourceTypes.Deployments), "default", "web").Parse();
        Assert.Equal((5, 2), (scaled.Number("spec", "replicas"), scaled.Number("metadata", "generation")));
        Assert.Equal(422, (await RefusedAsync(() => _api.PatchAsync(ResourceTypes.Deployments, "web", """{"spec":{"replicas":-1}}""", "scale"))).Code);
        var stale = ScaleView.Of(made);
        Assert.Equal(409, (await RefusedAsync(() => _api.Registry.UpdateAsync(Kind(ResourceTypes.Deployments), "default", "web", "scale", stale, new WriteOptions()))).Code);
    }

    private static async Task<StatusException> RefusedAsync(Func<Task> call) => await Assert.ThrowsAsync<StatusException>(call);

    private Task<JsonObject> PodAsync(string name, bool bound)
    {
        var node = bound ? ",\"nodeName\":\"one\"" : "";
        return _api.CreateAsync(ResourceTypes.Pods, $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"containers":[{"name":"c","image":"busybox"}]{{{node}}}}}""");
    }
}
