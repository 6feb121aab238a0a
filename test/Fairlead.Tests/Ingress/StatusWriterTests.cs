using Fairlead.Cluster.Model;
using Fairlead.Ingress;
using Fairlead.Ingress.Status;
using Fairlead.Kube.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Ingress;

/// <summary>The addresses of Ingresses that are served, in their status.</summary>
public sealed class StatusWriterTests : IAsyncLifetime
{
    private const string Ours = "172.30.255.1 fd00::1";

    private readonly IngressTables _tables = new();
    private IngressApi _world = null!;

    public async ValueTask InitializeAsync()
    {
        _tables.Served.MarkInitialized();
        _world = await IngressApi.StartAsync();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Both_families_in_order_where_it_is_served_and_nothing_where_it_is_not()
    {
        await _world.IngressAsync("web");
        await _world.IngressAsync("other", "192.0.2.9");
        await _world.IngressAsync("late");
        Serve("web");
        Start();
        await _world.UntilShownAsync("web", Ours);

        // What is right is not written again: the write of the one that comes after is the second.
        Serve("late");
        await _world.UntilShownAsync("late", Ours);
        Assert.Equal(2, _world.Api.StatusWrites);
        Assert.Equal("192.0.2.9", await _world.ShownAsync("other"));
    }

    [Fact]
    public async Task Other_addresses_of_the_Service_are_those_of_all_that_is_served_and_none_is_none()
    {
        await _world.IngressAsync("web");
        await _world.IngressAsync("api");
        Serve("web", "api");
        Start();
        await _world.UntilShownAsync("api", Ours);
        await _world.PublishAsync("172.30.255.7");
        await _world.UntilShownAsync("web", "172.30.255.7");
        await _world.UntilShownAsync("api", "172.30.255.7");
        await _world.Harness.DeleteAsync(ResourceTypes.Services, "ingress");
        await _world.UntilShownAsync("web", "");
        await _world.UntilShownAsync("api", "");
    }

    [Fact]
    public async Task What_leaves_loses_our_addresses_but_not_anothers()
    {
        await _world.IngressAsync("web");
        await _world.IngressAsync("taken");
        Serve("web", "taken");
        Start();
        await _world.UntilShownAsync("web", Ours);
        await _world.UntilShownAsync("taken", Ours);
        _tables.Served.Delete(Key("web"));
        await _world.UntilShownAsync("web", "");

        // Another controller is faster than our leaving.
        await _world.UntilAsync(() => Task.FromResult(Row("taken") == Ours));
        var last = _world.Api.StatusWrites;
        _world.Api.BeforeStatusWrite = async number => await (number == last + 1 ? _world.ShowAsync("taken", "192.0.2.9") : Task.CompletedTask);
        _tables.Served.Delete(Key("taken"));
        await _world.UntilAsync(() => Task.FromResult(_world.Api.StatusWrites > last));
        Serve("web");
        await _world.UntilShownAsync("web", Ours);
        Assert.Equal("192.0.2.9", await _world.ShownAsync("taken"));
    }

    [Fact]
    public async Task What_left_while_nobody_looked_loses_our_addresses_at_the_start()
    {
        await _world.IngressAsync("left", "172.30.255.1", "fd00::1");
        await _world.IngressAsync("more", "172.30.255.1", "fd00::1", "192.0.2.9");
        Start();
        await _world.UntilShownAsync("left", "");
        Assert.Equal("172.30.255.1 fd00::1 192.0.2.9", await _world.ShownAsync("more"));
        Assert.Equal(1, _world.Api.StatusWrites);
    }

    [Fact]
    public async Task A_write_over_ours_is_written_over()
    {
        await _world.IngressAsync("web");
        Serve("web");
        Start();
        await _world.UntilShownAsync("web", Ours);
        await _world.ShowAsync("web", "192.0.2.9");
        await _world.UntilShownAsync("web", Ours);
    }

    [Fact]
    public async Task What_fails_is_tried_again_and_what_is_gone_is_let_go()
    {
        await _world.IngressAsync("web");
        Serve("web", "gone");
        _world.Api.BeforeStatusWrite = number => number switch
        {
            1 => Task.FromException(new HttpRequestException("connection refused")),
            2 => Task.FromException(new KubeException(409, "Conflict", "the object has been modified")),
            3 => Task.FromException(new KubeException(404, "NotFound", "not found")),
            _ => Task.CompletedTask,
        };
        Start();
        await _world.UntilShownAsync("web", Ours);
        Assert.Equal(4, _world.Api.StatusWrites);
    }

    [Fact]
    public async Task A_replica_that_is_behind_takes_nothing_away()
    {
        var behind = new IngressTables();
        behind.Served.MarkInitialized();
        await _world.IngressAsync("marker");
        Start();
        Start(behind);
        behind.Served.Upsert(Key("marker"), new ServedIngressRow([], []));
        await _world.UntilShownAsync("marker", Ours);

        // Both see our addresses; only one knows that it serves the Ingress.
        await _world.IngressAsync("web");
        Serve("web");
        await _world.UntilShownAsync("web", Ours);
        await _world.UntilAsync(() => Task.FromResult(Row("web") == Ours));
        await _world.ShowAsync("marker");
        await _world.UntilShownAsync("marker", Ours);
        Assert.Equal(Ours, await _world.ShownAsync("web"));

        // Once it does, there is nothing to write: two markers and one Ingress are all that ever was.
        behind.Served.Upsert(Key("web"), new ServedIngressRow([], []));
        await _world.IngressAsync("last");
        behind.Served.Upsert(Key("last"), new ServedIngressRow([], []));
        await _world.UntilShownAsync("last", Ours);
        Assert.Equal(4, _world.Api.StatusWrites);
    }

    [Fact]
    public async Task Without_a_Service_to_publish_nothing_is_written()
    {
        await _world.IngressAsync("web", "192.0.2.9");
        Serve("web");
        using var stop = new CancellationTokenSource();
        var run = new StatusWriter(
            _world.Api, _world.Cluster, _tables, new IngressOptions(), _world.Harness.Time, NullLogger.Instance).RunAsync(stop.Token);
        await _world.UntilAsync(() => Task.FromResult(Row("web") == "192.0.2.9"));
        Assert.False(run.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(0, _world.Api.StatusWrites);
    }

    private static ObjectKey Key(string name) => new("default", name);

    private string Row(string name) => _world.Cluster.Ingresses.Get(Key(name)) is { } row ? string.Join(' ', row.Addresses) : "";

    private void Serve(params string[] names)
    {
        foreach (var name in names)
        {
            _tables.Served.Upsert(Key(name), new ServedIngressRow([], []));
        }
    }

    private void Start(IngressTables? tables = null) => _world.Run(new StatusWriter(
        _world.Api, _world.Cluster, tables ?? _tables, new IngressOptions { PublishService = IngressApi.Published }, _world.Harness.Time, NullLogger.Instance).RunAsync);
}
