using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Fairlead.Linux.Namespaces;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>
/// A cluster of both families on whose node 2 are two isolated pods: <c>server</c>, open to pods <c>app: friend</c> alone, and <c>door</c>, open to node 1 and
/// to the outside alone, each with every kind of address. Every drop is heard of, by the client's port.
/// </summary>
public sealed class PolicyPathFixture : ClusterFixture
{
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _drops = [];
    private TaskCompletionSource<JsonNode> _dropFromNode = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process? _observing;
    private Task _reading = Task.CompletedTask;

    /// <inheritdoc/>
    protected override string[] UpOptions => ["--ip-family", "dual"];

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Apply(string.Join("\n---\n", [
            Pod("server", "server", 2, "hostPort: 18080"), Pod("door", "door", 2, "hostPort: 18081"),
            Pod("friend-1", "friend", 1, ""), Pod("friend-2", "friend", 2, ""), Pod("stranger-1", "stranger", 1, ""), Pod("stranger-2", "stranger", 2, ""),
            Pod("bound", "bound", 1, ""), Service("server", 30280), Service("door", 30281)]));
        Kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s");
        foreach (var service in new[] { "server", "door" })
        {
            Kubectl("wait", "--for=jsonpath={.status.loadBalancer.ingress[1].ip}", $"service/{service}", "--timeout=120s");
        }

        // Without policies first: what is not reached later is not for want of a route.
        foreach (var (path, from) in new[] { ("LoadBalancer", "friend-1"), ("NodePort 2", "outside"), ("hostPort", "outside"), ("ClusterIP", "friend-2") })
        {
            Assert.Equal("server", await AnswerAsync(from, Target("server", path, 0)));
            Assert.Equal("server", await AnswerAsync(from, Target("server", path, 1)));
            Assert.Equal("door", await AnswerAsync(from, Target("door", path, 1)));
        }

        _observing = Start(Program, "observe", "--name", Name, "-f", "-o", "json", "--last", "500");
        _reading = Task.Run(ReadDropsAsync);
        ApplyPolicies();
        foreach (var (from, to) in new[] { ("stranger-2", "server"), ("friend-2", "door"), ("bound", "door") })
        {
            // The nodes hear of it a moment later: connections that are still answered are none that were refused.
            while (!await IsRefusedAsync(from, Target(to, "pod", 0)))
            {
                await Task.Yield();
            }
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        _observing?.Kill();
        await _reading;
        _observing?.Dispose();
        await base.DisposeAsync();
    }

    /// <summary>The policies that the pods are under, unless a test changes them for a while.</summary>
    public void ApplyPolicies() => Apply($$"""
            {{Policy("server", "Ingress", "ingress: [{from: [{podSelector: {matchLabels: {app: friend} } }, {podSelector: {matchLabels: {app: bound} } }], ports: [{port: 8080}]}]")}}
            ---
            {{Policy("door", "Ingress", $"ingress: [{{from: [{string.Join(", ", Outsiders.Select(cidr => $"{{ipBlock: {{cidr: \"{cidr}\"}}}}"))}]}}]")}}
            ---
            {{Policy("bound", "Egress", "egress: [{to: [{podSelector: {matchLabels: {app: server} } }], ports: [{port: 8080}]}]")}}
            """);

    /// <summary>Where a pod is reached, family 0 (IPv4) or 1 (IPv6).</summary>
    public IPEndPoint Target(string pod, string path, int family)
    {
        var isServer = pod == "server";
        return path switch
        {
            "pod" => End(Get("pod", pod, $"{{.status.podIPs[{family}].ip}}"), 8080),
            "ClusterIP" => End(Get("service", pod, $"{{.spec.clusterIPs[{family}]}}"), 80),
            "LoadBalancer" => End(Get("service", pod, $"{{.status.loadBalancer.ingress[{family}].ip}}"), 80),
            "NodePort 1" => End(NodeAddress(1, family), isServer ? 30280 : 30281),
            "NodePort 2" => End(NodeAddress(2, family), isServer ? 30280 : 30281),
            "hostPort" => End(NodeAddress(2, family), isServer ? 18080 : 18081),
            _ => throw new ArgumentOutOfRangeException(nameof(path), path, "no such path"),
        };

        static IPEndPoint End(string address, int port) => new(IPAddress.Parse(address), port);
    }

    /// <summary>The network namespace of a pod, of <c>node-1</c> or <c>node-2</c>, or of <c>outside</c>.</summary>
    internal NetNamespace NetworkOf(string place) => NetNamespace.Open(
        place == "outside" ? OutsidePath
        : place.StartsWith("node-", StringComparison.Ordinal) ? $"/run/netns/fairlead-{Name}-{place}"
        : $"/run/fairlead/{Name}/pods/default_{place}_{Get("pod", place, "{.metadata.uid}")}/net");

    /// <summary>Who answers there: the name of the pod.</summary>
    public async Task<string> AnswerAsync(string from, IPEndPoint to)
    {
        using var network = NetworkOf(from);
        var deadline = Deadline.Token();
        while (true)
        {
            using var socket = network.Run(() => new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
            try
            {
                await socket.ConnectAsync(to, deadline);
                await socket.SendAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray(), deadline);
                using var answer = new StreamReader(new NetworkStream(socket));
                var text = await answer.ReadToEndAsync(deadline);
                return (string)JsonNode.Parse(text[text.IndexOf('{', StringComparison.Ordinal)..])!["pod"]!;
            }
            catch (SocketException)
            {
                // The node has yet to hear of it.
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline);
            }
        }
    }

    /// <summary>The record of the drop of a connection that must not come about.</summary>
    public async Task<JsonNode> RefusalAsync(string from, IPEndPoint to)
    {
        using var socket = Open(from, to.AddressFamily);
        var fromNode = Volatile.Read(ref _dropFromNode);
        if (fromNode.Task.IsCompleted)
        {
            fromNode = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _dropFromNode, fromNode);
        }

        var connecting = socket.ConnectAsync(to, Deadline.Token()).AsTask();

        // A node that leads to another replaces address and port by its own.
        var drop = from is "outside" or "node-1" ? Task.WhenAny(DropOf(((IPEndPoint)socket.LocalEndPoint!).Port), fromNode.Task).Unwrap() : DropOf(((IPEndPoint)socket.LocalEndPoint!).Port);
        var first = await Task.WhenAny(connecting, drop);
        Assert.True(first == drop, $"{from} to {to}: {connecting.Status}, not dropped");
        Assert.False(connecting.IsCompletedSuccessfully);
        return await drop;
    }

    /// <summary>A drop of what has been sent, or is about to be, from a port.</summary>
    public Task<JsonNode> DropOf(int port) => DropAt(port).Task.WaitAsync(Deadline.Long, TimeProvider.System);

    /// <summary>Something of an object.</summary>
    public string Get(string kind, string name, string path) => Kubectl("get", kind, name, "-o", $"jsonpath={path}");

    /// <summary>A policy for the pods <c>app: NAME</c>.</summary>
    public static string Policy(string name, string type, string rules) =>
        $"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}}}, spec: {{podSelector: {{matchLabels: {{app: {name}}}}}, policyTypes: [{type}], {rules}}}}}";

    private IEnumerable<string> Outsiders =>
    [
        $"{NodeAddress(1, 0)}/32", $"{NodeAddress(1, 1)}/128", "172.30.0.1/32", $"{IPAddress.Parse(NodeAddress(1, 1)).ToString().Split("::")[0]}::1/128",
    ];

    private string NodeAddress(int node, int family) => Get("node", $"{Name}-{node}", $"{{.status.addresses[{family}].address}}");

    private async Task<bool> IsRefusedAsync(string from, IPEndPoint to)
    {
        using var socket = Open(from, to.AddressFamily);
        var connecting = socket.ConnectAsync(to, Deadline.Token()).AsTask();
        return await Task.WhenAny(connecting, DropOf(((IPEndPoint)socket.LocalEndPoint!).Port)) != connecting;
    }

    private Socket Open(string from, AddressFamily family)
    {
        using var network = NetworkOf(from);
        var socket = network.Run(() => new Socket(family, SocketType.Stream, ProtocolType.Tcp));
        socket.Bind(new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
        return socket;
    }

    private TaskCompletionSource<JsonNode> DropAt(int port) => _drops.GetOrAdd(port, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

    private async Task ReadDropsAsync()
    {
        while (await _observing!.StandardOutput.ReadLineAsync() is { } line)
        {
            var drop = JsonNode.Parse(line)!;
            DropAt((int)drop["from"]!["port"]!).TrySetResult(drop);
            if (drop["from"]!["node"] is not null)
            {
                Volatile.Read(ref _dropFromNode).TrySetResult(drop);
            }
        }
    }

    private string Pod(string name, string app, int node, string port) =>
        $"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: {app}}}}}, spec: {{nodeName: {Name}-{node}, containers: [{{name: c, image: x/web, ports: [{{containerPort: 8080{(port.Length > 0 ? ", " + port : "")}}}, {{containerPort: 8081, protocol: UDP}}]}}]}}}}";

    private static string Service(string name, int nodePort) =>
        $"{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, spec: {{type: LoadBalancer, ipFamilyPolicy: RequireDualStack, selector: {{app: {name}}}, ports: [{{name: web, port: 80, targetPort: 8080, nodePort: {nodePort}}}, {{name: talk, protocol: UDP, port: 81, targetPort: 8081}}]}}}}";
}
