using System.Net;
using System.Net.Sockets;
using Fairlead.Linux.Namespaces;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

[Collection(nameof(TwoNodes))]
public sealed class AgentKilledTests(ClusterFixture cluster)
{
    private const int Port = 9000;
    private const int BlockBytes = 4096;

    [Fact]
    public async Task Agents_killed_under_traffic_cost_no_byte_no_connection_no_denial_and_no_query()
    {
        cluster.Kubectl(Manifests, ["apply", "-f", "-"]);
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/source", "pod/sink", "pod/shut", "--timeout=120s");
        var service = IPAddress.Parse(cluster.Kubectl("get", "service", "sink", "-o", "jsonpath={.spec.clusterIP}"));
        var shut = IPAddress.Parse(cluster.PodAddress("shut"));
        using var source = NetworkOf("source");
        using var sink = NetworkOf("sink");
        using var server = sink.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        server.Bind(new IPEndPoint(IPAddress.Any, Port));
        server.Listen();
        using var stop = new CancellationTokenSource();
        var serving = EchoAllAsync(server, stop.Token);
        using var stream = await ConnectAsync(source, service, Port);
        using var question = source.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        Assert.False(await IsOpenAsync(source, shut));
        using var rounds = new SemaphoreSlim(0);
        var talking = TalkAsync(stream, () => rounds.Release(), stop.Token);
        await ProgressAsync();

        cluster.WhenReady();
        var before = Agents();
        cluster.KillAgent(2);
        cluster.KillAgent(1);
        var killed = TimeProvider.System.GetUtcNow();
        await question.SendToAsync(Question, new IPEndPoint(IPAddress.Parse("10.96.0.10"), 53));
        var answered = AnswerAsync(question);
        await ProgressAsync();
        using (var another = await ConnectAsync(source, service, Port))
        {
            var more = 0;
            await TalkAsync(another, () => more++ > 10 ? throw new OperationCanceledException() : more, stop.Token);
        }

        Assert.False(await IsOpenAsync(source, shut));
        var (answer, at) = await answered;
        Assert.Equal(Question[..2], answer[..2]);
        Assert.Equal(1, answer[7]);
        TestContext.Current.TestOutputHelper?.WriteLine($"the query was answered {(at - killed).TotalMilliseconds:0} ms after the kill");

        // Both have come back by now or do so; with them there it holds as well.
        cluster.Kubectl("run", "later", "--image=registry.example/web:1", $"--overrides={{\"spec\":{{\"nodeName\":\"{cluster.Name}-2\"}}}}");
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/later", "--timeout=120s");
        cluster.WhenReady();
        Assert.All(before.Zip(Agents()), pair => Assert.NotEqual(pair.First, pair.Second));
        Assert.False(await IsOpenAsync(source, shut));
        await ProgressAsync();
        await stop.CancelAsync();
        await talking;
        await serving;

        async Task ProgressAsync()
        {
            while (rounds.Wait(0))
            {
                // What was said before does not count.
            }

            for (var more = 0; more < 20; more++)
            {
                await Task.WhenAny(rounds.WaitAsync(Deadline.Token()), talking);
            }

            Assert.False(talking.IsCompleted, talking.Exception?.ToString());
        }
    }

    /// <summary>A kubernetes.default.svc.cluster.local, as a resolver asks.</summary>
    private static byte[] Question =>
    [
        0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0,
        10, .. "kubernetes"u8, 7, .. "default"u8, 3, .. "svc"u8, 7, .. "cluster"u8, 5, .. "local"u8, 0, 0, 1, 0, 1,
    ];

    private string Manifests => $$"""
        {{Pod("source", 1)}}
        ---
        {{Pod("sink", 2)}}
        ---
        {{Pod("shut", 2)}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: sink}
        spec: {selector: {app: sink}, ports: [{port: {{Port}} }]}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: shut}
        spec: {podSelector: {matchLabels: {app: shut} }, policyTypes: [Ingress]}
        """;

    private string Pod(string name, int node) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}, labels: {app: {{name}} } }
        spec: {nodeName: {{cluster.Name}}-{{node}}, containers: [{name: main, image: registry.example/web:1, ports: [{containerPort: 8080}] }] }
        """;

    private NetNamespace NetworkOf(string pod) =>
        NetNamespace.Open($"/run/fairlead/{cluster.Name}/pods/default_{pod}_{cluster.Kubectl("get", "pod", pod, "-o", "jsonpath={.metadata.uid}")}/net");

    private List<int> Agents() => [.. cluster.Processes().Where(process => process.Key.StartsWith("agent", StringComparison.Ordinal)).Select(process => process.Value)];

    private static async Task<NetworkStream> ConnectAsync(NetNamespace from, IPAddress address, int port)
    {
        var socket = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        await socket.ConnectAsync(new IPEndPoint(address, port), Deadline.Token());
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static async Task<(byte[] Packet, DateTimeOffset At)> AnswerAsync(Socket question)
    {
        var answer = new byte[512];
        await question.ReceiveAsync(answer, SocketFlags.None, Deadline.Token());
        return (answer, TimeProvider.System.GetUtcNow());
    }

    private static async Task<bool> IsOpenAsync(NetNamespace from, IPAddress address)
    {
        using var socket = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, 8080), limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task EchoAllAsync(Socket server, CancellationToken cancellationToken)
    {
        List<Task> echoes = [];
        try
        {
            while (true)
            {
                var client = new NetworkStream(await server.AcceptAsync(cancellationToken), ownsSocket: true);
                echoes.Add(client.CopyToAsync(client, cancellationToken).ContinueWith(_ => client.Dispose(), TaskScheduler.Default));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(echoes);
        }
    }

    /// <summary>Sends numbered blocks and requires each back, in order and whole, until it is told to stop.</summary>
    private static async Task TalkAsync(NetworkStream stream, Func<long> done, CancellationToken cancellationToken)
    {
        var (sent, echoed) = (new byte[BlockBytes], new byte[BlockBytes]);
        try
        {
            for (var block = 0; ; block++)
            {
                sent.AsSpan().Fill((byte)block);
                BitConverter.TryWriteBytes(sent, block);
                await stream.WriteAsync(sent, cancellationToken);
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                limit.CancelAfter(Deadline.Long);
                await stream.ReadExactlyAsync(echoed, limit.Token);
                Assert.Equal(sent, echoed);
                done();

                // Paced: others share the machine's cores.
                await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }
}

/// <summary>The tests that share one cluster of two nodes, one at a time.</summary>
[CollectionDefinition(nameof(TwoNodes))]
public sealed class TwoNodes : ICollectionFixture<ClusterFixture>;
