using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using System.Threading.Channels;
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
    private ImportsApi _imports = null!;
    private Task _running = Task.CompletedTask;

    public ValueTask InitializeAsync()
    {
        _store = ObjectStore.Open(Path.Combine(_directory, "store.db"), new KindIndex(), 256);
        _imports = new ImportsApi(new LocalApi(new ApiRegistry(_store, TimeProvider.System, null)));
        _api = new RefusingApi(_imports);
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

    [Fact]
    public async Task Imports_are_read_only_while_somebody_wants_them()
    {
        _imports.Version = "v1alpha1";
        _imports.Items.Enqueue(Import("web", "ClusterSetIP", """["10.97.0.1", "fd00::1", "nonsense"]"""));
        Start();
        await UntilAsync(() => _tables.Services.Initialized && _tables.ServiceCidrs.Initialized);
        Assert.Equal(0, _imports.Asked);

        var reading = _tables.ServiceImports.Read();
        var table = reading.Table;
        await UntilAsync(() => table.Initialized && _imports.Watching == 1);
        Assert.Equal("10.97.0.1 fd00::1", string.Join(' ', table.Get(new ObjectKey("prod", "web"))!.ClusterIPs));
        await _imports.Changes.Writer.WriteAsync(new WatchEvent("ADDED", Import("db", "Headless", "[]")));
        await UntilAsync(() => table.Get(new ObjectKey("prod", "db")) is { IsHeadless: true });

        // A second reader reads the same; the last one ends it.
        var second = _tables.ServiceImports.Read();
        Assert.Same(table, second.Table);
        reading.Dispose();
        Assert.Same(table, _tables.ServiceImports.Wanted);
        second.Dispose();
        Assert.Null(_tables.ServiceImports.Wanted);
        await UntilAsync(() => _imports.Watching == 0);

        using var again = _tables.ServiceImports.Read();
        Assert.NotSame(table, again.Table);
        await UntilAsync(() => again.Table.Initialized && _imports.Watching == 1);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(403)]
    public async Task Imports_that_a_server_does_not_give_stay_unknown_until_it_does(int refusal)
    {
        _imports.Refusal = new KubeException(refusal, "", "no such thing");
        List<string> told = [];
        _tables.ServiceImports.Changed += () => told.Add(_tables.ServiceImports.Refusal);
        using var reading = _tables.ServiceImports.Read();
        Start();
        await UntilAsync(() => _imports.Asked > 6);
        Assert.Equal("no such thing", _tables.ServiceImports.Refusal);
        Assert.False(reading.Table.Initialized);

        (_imports.Version, _imports.Refusal) = ("v1beta1", null);
        await UntilAsync(() => reading.Table.Initialized);
        Assert.Equal(["", "no such thing", ""], told);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ExternalName")]
    public async Task A_malformed_import_is_left_out_alone(string type)
    {
        _imports.Version = "v1beta1";
        _imports.Items.Enqueue(Import("odd", type, "[]"));
        _imports.Items.Enqueue(Make.Document("""{ "metadata": { "namespace": "prod", "name": "bare" } }"""));
        _imports.Items.Enqueue(Make.Document("""{ "metadata": { "namespace": "prod", "name": "proto" }, "spec": { "type": "ClusterSetIP", "ports": [ { "port": 80, "protocol": "ICMP" } ] } }"""));
        _imports.Items.Enqueue(Make.Document("""{ "metadata": { "namespace": "prod", "name": "loose" }, "spec": { "type": "ClusterSetIP", "ips": "10.0.0.1", "ports": [ 7, { "port": 70000 }, { "name": 8, "port": 81 } ] } }"""));
        using var reading = _tables.ServiceImports.Read();
        Start();
        await UntilAsync(() => reading.Table.Initialized);
        var (key, row) = Assert.Single(reading.Table.Snapshot());
        Assert.Equal(("loose", 0, 81), (key.Name, row.ClusterIPs.Count, Assert.Single(row.Ports).Port));
    }

    [Fact]
    public void A_slice_says_whose_import_and_of_which_cluster_it_is()
    {
        static EndpointSliceRow Slice(string labels) => EndpointSliceReader.Read(Make.Document(
            $$$"""{ "metadata": { "namespace": "prod", "name": "s", "labels": {{{labels}}} }, "addressType": "IPv4", "endpoints": [] }"""));
        Assert.Null(Slice("""{ "kubernetes.io/service-name": "web" }""").Import);
        Assert.Equal(
            new SliceImport(new ObjectKey("prod", "web"), "east"),
            Slice("""{ "multicluster.kubernetes.io/service-name": "web", "multicluster.kubernetes.io/source-cluster": "east" }""").Import);
        Assert.Equal(new SliceImport(new ObjectKey("prod", "web"), ""), Slice("""{ "multicluster.kubernetes.io/service-name": "web" }""").Import);
    }

    private static JsonObject Import(string name, string type, string ips) => Make.Document(
        $$$"""{ "metadata": { "namespace": "prod", "name": "{{{name}}}", "resourceVersion": "5" }, "spec": { "type": "{{{type}}}", "ips": {{{ips}}}, "ports": [ { "name": "http", "port": 80 } ] } }""");

    private void Start() => _running = new ClusterReflectors(_api, _tables, _time, NullLogger.Instance).RunAsync(_stop.Token);

    private async Task UntilAsync(Func<bool> holds)
    {
        for (var deadline = Deadline.Token(); !holds();)
        {
            _time.Advance(TimeSpan.FromSeconds(30));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, deadline);
        }
    }

    /// <summary>A server that has ServiceImports, in one version, or refuses them.</summary>
    private sealed class ImportsApi(IKubeApi api) : PassingApi(api)
    {
        private volatile string _version = "";
        private volatile Exception? _refusal;
        private int _asked;
        private int _watching;

        public string Version
        {
            get => _version;
            set => _version = value;
        }

        public Exception? Refusal
        {
            get => _refusal;
            set => _refusal = value;
        }

        public ConcurrentQueue<JsonObject> Items { get; } = new();

        public Channel<WatchEvent> Changes { get; } = Channel.CreateUnbounded<WatchEvent>();

        public int Asked => Volatile.Read(ref _asked);

        public int Watching => Volatile.Read(ref _watching);

        public override Task<JsonObject> ListAsync(ResourceType type, string ns, ListOptions options, CancellationToken cancellationToken)
        {
            if (type.Kind != "ServiceImport")
            {
                return base.ListAsync(type, ns, options, cancellationToken);
            }

            Interlocked.Increment(ref _asked);
            return _refusal is { } refusal ? Task.FromException<JsonObject>(refusal)
                : type.Version != _version ? Task.FromException<JsonObject>(new KubeException(404, "", "no such version"))
                : Task.FromResult(new JsonObject
                {
                    ["metadata"] = new JsonObject { ["resourceVersion"] = "5" },
                    ["items"] = new JsonArray([.. Items.Select(item => item.DeepClone())]),
                });
        }

        public override async IAsyncEnumerable<WatchEvent> WatchAsync(
            ResourceType type, string ns, ListOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var isImports = type.Kind == "ServiceImport";
            Interlocked.Add(ref _watching, isImports ? 1 : 0);
            try
            {
                await foreach (var change in isImports ? Changes.Reader.ReadAllAsync(cancellationToken) : base.WatchAsync(type, ns, options, cancellationToken))
                {
                    yield return change;
                }
            }
            finally
            {
                Interlocked.Add(ref _watching, isImports ? -1 : 0);
            }
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
