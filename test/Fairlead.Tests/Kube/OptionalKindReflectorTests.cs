using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Reflectors;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Client;
using Fairlead.Testing;
using Fairlead.Tests.Controllers;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Kube;

/// <summary>Kinds that a server may not have are followed where it has them; one that has none, or shows none, holds nobody up.</summary>
public sealed class OptionalKindReflectorTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-ranges-").FullName;
    private readonly ClusterTables _tables = new();
    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = new();
    private ObjectStore _store = null!;
    private RefusingApi _api = null!;
    private Task _running = Task.CompletedTask;

    public ValueTask InitializeAsync()
    {
        _store = ObjectStore.Open(Path.Combine(_directory, "store.db"), new KindIndex(), 256);
        _api = new RefusingApi(new LocalApi(new ApiRegistry(_store, TimeProvider.System, null)));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await _store.DisposeAsync();
        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(403)]
    public async Task A_server_without_cluster_policies_has_none_until_it_has(int refusal)
    {
        _api.Refused = ResourceTypes.ClusterNetworkPolicies;
        _api.Refusal = new KubeException(refusal, "", "no such thing");
        Start();
        await UntilAsync(() => _tables.ClusterPolicies.Initialized);
        Assert.Empty(_tables.ClusterPolicies.Snapshot());

        // The definition has been installed.
        _api.Refusal = null;
        await _api.CreateAsync(
            ResourceTypes.ClusterNetworkPolicies, "",
            Make.Document("""{ "metadata": { "name": "shut" }, "spec": { "tier": "Baseline", "priority": 3, "subject": { "namespaces": {} }, "ingress": [ { "action": "Deny", "from": [ { "namespaces": {} } ] } ] } }"""),
            default);
        await UntilAsync(() => _tables.ClusterPolicies.Get("shut") is { Tier: PolicyTier.Baseline, Priority: 3, Ingress.Count: 1 });
    }

    [Theory]
    [InlineData(404)]
    [InlineData(403)]
    public async Task A_server_without_ranges_has_none_until_it_has(int refusal)
    {
        _api.Refusal = new KubeException(refusal, "", "no such thing");
        Start();
        await UntilAsync(() => _tables.ServiceCidrs.Initialized);
        Assert.Empty(_tables.ServiceCidrs.Snapshot());

        // The server has been upgraded.
        _api.Refusal = null;
        await _api.CreateAsync(ResourceTypes.ServiceCidrs, "", Make.Document("""{ "metadata": { "name": "more" }, "spec": { "cidrs": ["203.0.113.0/24", "fd00:7::/112"] } }"""), default);
        await UntilAsync(() => _tables.ServiceCidrs.Get("more") is { } row && string.Join(' ', row.Ranges) == "203.0.113.0/24 fd00:7::/112");
    }

    [Fact]
    public async Task A_server_that_is_away_has_said_nothing()
    {
        _api.Refusal = new HttpRequestException("connection refused");
        Start();
        await UntilAsync(() => _api.Asked > 2);
        Assert.False(_tables.ServiceCidrs.Initialized);
        _api.Refusal = null;
        await UntilAsync(() => _tables.ServiceCidrs.Initialized);
    }

    private void Start() => _running = new ClusterReflectors(_api, _tables, _time, NullLogger.Instance).RunAsync(_stop.Token);

    private async Task UntilAsync(Func<bool> holds)
    {
        for (var deadline = Deadline.Token(); !holds();)
        {
            _time.Advance(TimeSpan.FromSeconds(30));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, deadline);
        }
    }

    /// <summary>Refuses to list one kind, as long as there is a refusal.</summary>
    private sealed class RefusingApi(IKubeApi api) : PassingApi(api)
    {
        private volatile Exception? _refusal;
        private int _asked;

        public ResourceType Refused { get; set; } = ResourceTypes.ServiceCidrs;

        public Exception? Refusal
        {
            get => _refusal;
            set => _refusal = value;
        }

        public int Asked => Volatile.Read(ref _asked);

        public override Task<JsonObject> ListAsync(ResourceType type, string ns, ListOptions options, CancellationToken cancellationToken)
        {
            if (type != Refused)
            {
                return base.ListAsync(type, ns, options, cancellationToken);
            }

            Interlocked.Increment(ref _asked);
            return _refusal is { } refusal ? Task.FromException<JsonObject>(refusal) : base.ListAsync(type, ns, options, cancellationToken);
        }
    }
}
