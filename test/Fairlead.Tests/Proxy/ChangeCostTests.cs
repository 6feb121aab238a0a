using System.Text.Json.Nodes;
using Fairlead.Balancer.Announce;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Reflectors;
using Fairlead.Dns;
using Fairlead.Dns.Config;
using Fairlead.Dns.Kubernetes;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Netlink;
using Fairlead.Nftables;
using Fairlead.Nftables.Kernel;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Transactions;
using Fairlead.Proxy;
using Fairlead.Proxy.Compile;
using Fairlead.Proxy.Nftables;
using Fairlead.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Proxy;

/// <summary>What a change costs an agent, from the watch's event to the message for the kernel: as much as what changed, whatever the size of the cluster.</summary>
public sealed class ChangeCostTests
{
    [Theory]
    [InlineData(100)]
    [InlineData(4000)]
    public async Task A_change_is_one_message_batch_of_a_few_elements(int services)
    {
        using var agent = await ReducedAgent.StartAsync(services);

        // The count and the endpoint that takes the hole: each taken out and put in; and the last slot, taken out.
        await agent.ApplyAsync(Slice(7, 10, without: 3));
        Assert.Equal((1, 5, 4), (agent.Nft.Commits, agent.Nft.Elements, agent.Nft.Messages));

        // The count, and one more slot.
        await agent.ApplyAsync(Slice(7, 10));
        Assert.Equal((1, 3, 3), (agent.Nft.Commits, agent.Nft.Elements, agent.Nft.Messages));

        // Its count and ten slots, and its address.
        await agent.ApplyAsync(Slice(services, 10));
        await agent.ApplyAsync(Service(services));
        Assert.Equal((1, 12, 3), (agent.Nft.Commits, agent.Nft.Elements, agent.Nft.Messages));

        // A slice that says the same once more.
        await agent.ApplyAsync(Slice(7, 10));
        Assert.Equal(0, agent.Nft.Commits);
    }

    [Fact]
    public async Task A_change_allocates_as_much_in_a_large_cluster_as_in_a_small_one()
    {
        var (small, large) = (await AllocatedAsync(100), await AllocatedAsync(4000));

        // The tables' trees are 5 levels higher.
        Assert.True(large < small * 1.25, $"{small} bytes in the small one, {large} in the large");
    }

    private static async Task<long> AllocatedAsync(int services)
    {
        using var agent = await ReducedAgent.StartAsync(services);
        JsonObject[] documents = [Slice(7, 10, without: 3), Slice(7, 10)];
        var least = long.MaxValue;

        // The least of several: what the runtime allocates once is not the change's.
        for (var round = 0; round < 20; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            foreach (var document in documents)
            {
                var done = agent.ApplyAsync(document);
                Assert.True(done.IsCompletedSuccessfully);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    private static JsonObject Service(int i) => Document(
        $$"""
        {"kind":"Service","metadata":{"namespace":"load","name":"s{{i}}"},"spec":{"type":"ClusterIP","clusterIP":"{{Address("10.96.0.0", i)}}",
        "ports":[{"port":80,"protocol":"TCP","targetPort":8080}]} }
        """);

    private static JsonObject Slice(int i, int endpoints, int without = -1) => Document(
        $$"""
        {"kind":"EndpointSlice","metadata":{"namespace":"load","name":"s{{i}}","labels":{"kubernetes.io/service-name":"s{{i}}"} },"addressType":"IPv4",
        "ports":[{"name":"","protocol":"TCP","port":8080}],"endpoints":[{{string.Join(',', Enumerable.Range(0, endpoints).Where(e => e != without)
            .Select(e => $$"""{"addresses":["{{Address("10.128.0.0", (i * 16) + e)}}"],"nodeName":"n2","conditions":{"ready":true} }"""))}}]}
        """);

    private static IpAddr Address(string first, int i) => IpAddr.FromValue(IpFamily.V4, IpAddr.Parse(first).Value + 1 + (uint)i);

    private static JsonObject Document(string json) => JsonNode.Parse(json)!.AsObject();

    /// <summary>The agent's parts that a Service concerns, moved by hand on one thread.</summary>
    private sealed class ReducedAgent : IDisposable
    {
        private static readonly ProxyOptions Options = new() { NodeName = "n1" };

        private readonly ClusterTables _tables = new();
        private readonly RowSink<ObjectKey, ServiceRow> _services;
        private readonly RowSink<ObjectKey, EndpointSliceRow> _slices;
        private readonly ChangeFeed<ObjectKey, ServiceRow>[] _serviceFeeds;
        private readonly ChangeFeed<ObjectKey, EndpointSliceRow>[] _sliceFeeds;
        private readonly ChangeFeed<string, NodeRow> _nodes;
        private readonly ZoneIndexer _names;
        private readonly AnnouncementCompiler _announcements = new("n1");
        private readonly ProxyCompiler _compiler = new(Options);
        private readonly NftProxyCommitter _committer;

        private ReducedAgent()
        {
            var texts = new SharedTexts();
            _services = new(_tables.Services, key => key, ServiceReader.Read, NullLogger.Instance);
            _slices = new(_tables.EndpointSlices, key => key, document => EndpointSliceReader.Read(document, texts), NullLogger.Instance);
            _serviceFeeds = [_tables.Services.Subscribe(), _tables.Services.Subscribe()];
            _sliceFeeds = [_tables.EndpointSlices.Subscribe(), _tables.EndpointSlices.Subscribe()];
            _nodes = _tables.Nodes.Subscribe();
            _names = new ZoneIndexer(_tables, new ZoneIndex(new KubernetesOptions { Zones = [] }, new DnsOptions(), TimeProvider.System), new Wake());
            _committer = new NftProxyCommitter(Nft, Options);
        }

        public CountingNft Nft { get; } = new();

        public void Dispose() => _names.Dispose();

        public static async Task<ReducedAgent> StartAsync(int services)
        {
            var agent = new ReducedAgent();
            agent._tables.Nodes.Replace([new("n1", new NodeRow { Name = "n1", Ready = true, InternalIPs = [IpAddr.Parse("172.30.0.11")] })]);
            agent._tables.Namespaces.Replace([]);

            // With 9 endpoints from the beginning in another Service, no balancing chain comes or goes.
            agent._services.Replace([.. Enumerable.Range(0, services).Select(Service)]);
            agent._slices.Replace([.. Enumerable.Range(0, services).Select(i => Slice(i, i == 1 ? 9 : 10))]);
            await agent._committer.ReconcileAsync(agent._compiler.Plan, agent._compiler.Node, default);
            await agent.PassAsync();
            return agent;
        }

        public Task ApplyAsync(JsonObject document)
        {
            Nft.Reset();
            if (document.Text("kind") == "Service")
            {
                _services.Upsert(document);
            }
            else
            {
                _slices.Upsert(document);
            }

            return PassAsync();
        }

        private Task PassAsync()
        {
            _names.Apply();
            var nodes = _nodes.Take();
            _announcements.Apply(_serviceFeeds[0].Take().Changes, _sliceFeeds[0].Take().Changes, nodes);
            var change = _compiler.Update(_serviceFeeds[1].Take().Changes, _sliceFeeds[1].Take().Changes, NodeView.Of(nodes.Rows["n1"], Options, [], []));
            return change.IsEmpty ? Task.CompletedTask : _committer.CommitAsync(change, _compiler.Node, default);
        }
    }

    /// <summary>Counts what would go to the kernel.</summary>
    private sealed class CountingNft : INft
    {
        public event Action? ChangedByOthers
        {
            add { }
            remove { }
        }

        public int Commits { get; private set; }

        public int Elements { get; private set; }

        /// <summary>Messages between the batch's begin and its end.</summary>
        public int Messages { get; private set; }

        public void Reset() => (Commits, Elements, Messages) = (0, 0, 0);

        public Task CommitAsync(Transaction transaction, CancellationToken cancellationToken)
        {
            using var writer = new NetlinkWriter();
            BatchWriter.Write(writer, transaction);
            (Commits, Elements, Messages) = (Commits + 1, transaction.Size, writer.MessageCount - 2);
            return Task.CompletedTask;
        }

        public Task<Ruleset?> ReadAsync(string table, CancellationToken cancellationToken) => Task.FromResult<Ruleset?>(null);

        public Task<uint> GenerationAsync(CancellationToken cancellationToken) => Task.FromResult(1u);

        public Task<uint> GenerationOfOthersAsync(CancellationToken cancellationToken) => Task.FromResult(0u);
    }
}
