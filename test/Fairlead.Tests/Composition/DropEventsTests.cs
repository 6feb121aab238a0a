using System.Text.Json.Nodes;
using System.Threading.Channels;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Composition;
using Fairlead.Kube.Client;
using Fairlead.Policy.Drops;
using Fairlead.Testing;
using Fairlead.Tests.Kube;
using Fairlead.Tests.Policy.Drops;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Composition;

public sealed class DropEventsTests : IAsyncDisposable
{
    private readonly RecordingApi _api = new();
    private readonly ClusterTables _cluster = new();
    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly DropEvents _events;
    private readonly Task _run;

    public DropEventsTests()
    {
        foreach (var name in new[] { "api", "web" })
        {
            _cluster.Pods.Upsert(new ObjectKey("shop", name), new PodRow { Key = new ObjectKey("shop", name), Uid = $"uid-{name}" });
        }

        _events = new DropEvents(_api, _cluster, "n1", _time, NullLogger.Instance);
        _run = _events.RunAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    [Fact]
    public async Task The_pod_whose_policies_refuse_is_told_who_came_for_what()
    {
        _events.Tell(Samples.Record with { Via = "svc/shop/api:80" });
        var (verb, told) = await NextAsync();
        Assert.Equal(("create", "Warning", "PolicyDenied"), (verb, (string)told["type"]!, (string)told["reason"]!));
        Assert.Equal(("Pod", "shop", "api", "uid-api"), Involved(told));
        Assert.Equal("Dropped from shop/web to TCP 8080 (via svc/shop/api:80): isolated by NetworkPolicy shop/closed: no rule matches", (string)told["message"]!);
        _events.Tell(Samples.Record with { Direction = "out" });
        (_, told) = await NextAsync();
        Assert.Equal(("Pod", "shop", "web", "uid-web"), Involved(told));
        Assert.StartsWith("Dropped to shop/api TCP 8080: ", (string)told["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_for_each_pod_and_peer_in_a_minute_and_then_the_same_is_counted_up()
    {
        _events.Tell(Samples.Record);
        await NextAsync();
        _events.Tell(Samples.Record);
        _events.Tell(Samples.Record with { From = Samples.Record.From with { Port = 7 } });
        _events.Tell(Samples.Record with { From = new DropEnd("192.0.2.7", 1, null, null, null) });
        Assert.StartsWith("Dropped from 192.0.2.7 to", (string)(await NextAsync()).Body["message"]!, StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromMinutes(1));
        _events.Tell(Samples.Record);
        var (verb, again) = await NextAsync();
        Assert.Equal(("patch", 2), (verb, (int)again["count"]!));
    }

    [Fact]
    public async Task Who_tries_every_address_makes_no_more_than_so_many()
    {
        for (var i = 0; i < DropEvents.MostInAMinute; i++)
        {
            _events.Tell(Samples.Record with { From = new DropEnd($"192.0.2.{i}", 1, null, null, null) });
            await NextAsync();
        }

        _events.Tell(Samples.Record with { From = new DropEnd("198.51.100.1", 1, null, null, null) });
        _time.Advance(TimeSpan.FromMinutes(1));
        _events.Tell(Samples.Record with { From = new DropEnd("198.51.100.2", 1, null, null, null) });
        Assert.Contains("198.51.100.", (string)(await NextAsync()).Body["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_what_no_policy_decided_or_no_pod_is_concerned_nothing_is_told()
    {
        _events.Tell(Samples.Record with { Reason = DropReason.Midway });
        _events.Tell(Samples.Record with { To = new DropEnd("10.244.1.99", 1, null, null, null) });
        _events.Tell(Samples.Record with { To = new DropEnd("10.244.1.98", 1, "shop", "gone", null) });
        _events.Tell(Samples.Record);
        Assert.Equal(("Pod", "shop", "api", "uid-api"), Involved((await NextAsync()).Body));
    }

    private static (string Kind, string Namespace, string Name, string Uid) Involved(JsonObject told)
    {
        var subject = told["involvedObject"]!;
        return ((string)subject["kind"]!, (string)subject["namespace"]!, (string)subject["name"]!, (string)subject["uid"]!);
    }

    private ValueTask<(string Verb, JsonObject Body)> NextAsync() => _api.Written.Reader.ReadAsync(Deadline.Token());

    /// <summary>Takes what is written.</summary>
    private sealed class RecordingApi() : PassingApi(null!)
    {
        public Channel<(string Verb, JsonObject Body)> Written { get; } = Channel.CreateUnbounded<(string, JsonObject)>();

        public override Task<JsonObject> CreateAsync(ResourceType type, string ns, JsonObject body, CancellationToken cancellationToken) => Take("create", body);

        public override Task<JsonObject> PatchAsync(
            ResourceType type, string ns, string name, string subresource, PatchKind kind, JsonNode patch, CancellationToken cancellationToken) =>
            Take("patch", patch.AsObject());

        private Task<JsonObject> Take(string verb, JsonObject body)
        {
            Written.Writer.TryWrite((verb, body));
            return Task.FromResult(body);
        }
    }
}
