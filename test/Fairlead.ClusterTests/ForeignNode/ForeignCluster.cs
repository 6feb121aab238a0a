using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.ForeignNode;

/// <summary>
/// A cluster that `up` did not make: an API server, and nodes of which it knows nothing but their Node objects. Pods come as a kubelet and containerd
/// make them: an object, a namespace, a call of the plugin, a status.
/// <code>
/// hub 172.29.0.1 (API server, client outside) ── bridge ──┬── eth0 n1 172.29.0.11, fd29::11 ── pods 10.200.1.0/24, fd00:200:1::/64
///                                                         └── eth0 n2 172.29.0.12, fd29::12 ── pods 10.200.2.0/24, fd00:200:2::/64 …
/// </code>
/// </summary>
public sealed class ForeignCluster : IAsyncLifetime
{
    public const string Dns = "10.112.0.10";
    private const string Policies = "apis/networking.k8s.io/v1/namespaces/default/networkpolicies";
    private const string Api = "172.29.0.1:6443";
    private static readonly string[] Names = ["n1", "n2", "n3", "n4"];

    private readonly string _directory = Directory.CreateTempSubdirectory("fl-foreign").FullName;
    private readonly List<NodeOfOthers> _nodes = [];
    private readonly List<PodOfOthers> _pods = [];
    private Process? _plane;
    private Process? _proxy;
    private HttpClient? _api;

    internal static string KubectlProgram { get; } = Environment.GetEnvironmentVariable("FAIRLEAD_KUBECTL") is { Length: > 0 } named ? named : "kubectl";

    internal string Kubeconfig => Path.Combine(_directory, "admin.kubeconfig");

    internal TestNetns Hub { get; } = new();

    internal NodeOfOthers N1 { get; private set; } = null!;

    internal NodeOfOthers N2 { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Tool.RunIn(Hub, "ip", "link", "set", "lo", "up");
        Tool.RunIn(Hub, "ip", "link", "add", "br0", "type", "bridge");
        Tool.RunIn(Hub, "ip", "link", "set", "br0", "addrgenmode", "none");
        Tool.RunIn(Hub, "ip", "addr", "add", "172.29.0.1/24", "dev", "br0");
        Tool.RunIn(Hub, "ip", "addr", "add", "fd29::1/64", "dev", "br0", "nodad");
        Tool.RunIn(Hub, "ip", "link", "set", "br0", "up");
        await StartApiAsync();
        await ConnectAsync();
        N1 = AddNode(1);
        N2 = AddNode(2);
        foreach (var node in _nodes)
        {
            await CreateNodeAsync(node, withRange: true);
            node.StartAgent();
        }

        foreach (var node in _nodes)
        {
            await node.ReadyAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _pods.ForEach(pod => pod.Dispose());
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        _api?.Dispose();
        _proxy?.Kill();
        _proxy?.Dispose();
        if (_plane is not null)
        {
            _plane.StandardInput.Close();
            await _plane.WaitForExitAsync(Deadline.Token());
            _plane.Dispose();
        }

        Hub.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Kills the API server; what it has stored stays.</summary>
    internal async Task KillApiAsync()
    {
        _plane!.Kill();
        await _plane.WaitForExitAsync(Deadline.Token());
        _plane.Dispose();
        _plane = null;
    }

    /// <summary>Starts the API server on what is stored.</summary>
    internal async Task StartApiAsync()
    {
        _plane = Start(Environment.ProcessPath!, ["foreign-control-plane", _directory, Api, .. Names]);
        Assert.Equal("ready", await _plane.StandardOutput.ReadLineAsync(Deadline.Token()));
    }

    /// <summary>A machine on the bridge; the cluster does not know it yet.</summary>
    internal NodeOfOthers AddNode(int number)
    {
        var node = new NodeOfOthers(Names[number - 1], number, _directory);
        _nodes.Add(node);
        Tool.RunIn(node.Netns, "ip", "link", "set", "lo", "up");
        Tool.RunIn(node.Netns, "ip", "link", "add", "eth0", "type", "veth", "peer", "name", node.Name, "netns", Hub.Path);
        Tool.RunIn(node.Netns, "ip", "link", "set", "eth0", "addrgenmode", "none");
        Tool.RunIn(Hub, "ip", "link", "set", node.Name, "addrgenmode", "none", "master", "br0", "up");
        Tool.RunIn(node.Netns, "ip", "addr", "add", $"{node.Address}/24", "dev", "eth0");
        Tool.RunIn(node.Netns, "ip", "addr", "add", $"{node.Address6}/64", "dev", "eth0", "nodad");
        Tool.RunIn(node.Netns, "ip", "addr", "add", $"fe80::{10 + number}/64", "dev", "eth0", "nodad");
        Tool.RunIn(node.Netns, "ip", "link", "set", "eth0", "up");
        Tool.RunIn(node.Netns, "ip", "route", "add", "default", "via", "172.29.0.1");
        return node;
    }

    /// <summary>Registers the node, as its kubelet does.</summary>
    internal Task CreateNodeAsync(NodeOfOthers node, bool withRange) => CreateAsync("api/v1/nodes", node.Name, new JsonObject
    {
        ["spec"] = withRange ? node.RangeSpec() : [],
        ["status"] = new JsonObject
        {
            ["addresses"] = new JsonArray([.. node.Addresses.Select(address => new JsonObject { ["type"] = "InternalIP", ["address"] = address })]),
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
        },
    });

    /// <summary>Brings a pod up on a node, as kubelet and containerd do; its server answers on TCP port 8080.</summary>
    internal async Task<PodOfOthers> AddPodAsync(NodeOfOthers node, string name, string version = "1.0.0")
    {
        var created = await CreateAsync(Namespaced("pods"), name, new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["nodeName"] = node.Name,
                ["containers"] = new JsonArray(new JsonObject { ["name"] = "main", ["image"] = "example.com/anything:1" }),
            },
        });
        var pod = new PodOfOthers(name, (string)created["metadata"]!["uid"]!, version, node);
        _pods.Add(pod);
        pod.Result = node.Add(pod);
        pod.Addresses = [.. pod.Result["ips"]!.AsArray().Select(ip => ((string)ip!["address"]!).Split('/')[0])];
        pod.Listen();
        await PatchAsync($"{Namespaced("pods")}/{name}/status", new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["phase"] = "Running",
                ["podIP"] = pod.Address,
                ["podIPs"] = new JsonArray([.. pod.Addresses.Select(address => new JsonObject { ["ip"] = address })]),
                ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
            },
        });
        return pod;
    }

    /// <summary>A Service for the pod of the same name; returns its addresses, IPv4 first.</summary>
    internal async Task<string[]> ExposeAsync(PodOfOthers pod, JsonObject? more = null)
    {
        var spec = more ?? [];
        spec["selector"] = new JsonObject { ["app"] = pod.Name };
        spec["ipFamilyPolicy"] = "RequireDualStack";
        spec["ports"] = new JsonArray(new JsonObject { ["port"] = 80, ["targetPort"] = 8080 });
        var created = await CreateAsync(Namespaced("services"), pod.Name, new JsonObject { ["spec"] = spec });
        return [.. created["spec"]!["clusterIPs"]!.AsArray().Select(address => (string)address!)];
    }

    /// <summary>Lets nobody in to a pod.</summary>
    internal Task DenyAsync(PodOfOthers pod) => CreateAsync(Policies, pod.Name, new JsonObject
    {
        ["spec"] = new JsonObject
        {
            ["podSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = pod.Name } },
            ["policyTypes"] = new JsonArray("Ingress"),
        },
    });

    internal Task AllowAsync(PodOfOthers pod) => SendAsync(HttpMethod.Delete, $"{Policies}/{pod.Name}", null);

    internal Task PatchAsync(string path, JsonObject patch) => SendAsync(HttpMethod.Patch, path, patch);

    /// <summary>The containers a runtime knows on a node.</summary>
    internal IEnumerable<string> ContainersOf(NodeOfOthers node) => _pods.Where(pod => pod.Node == node).Select(pod => pod.ContainerId);

    internal static string Namespaced(string plural) => $"api/v1/namespaces/default/{plural}";

    private Task<JsonObject> CreateAsync(string path, string name, JsonObject document)
    {
        document["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["app"] = name } };
        return SendAsync(HttpMethod.Post, path, document);
    }

    private async Task<JsonObject> SendAsync(HttpMethod method, string path, JsonObject? document)
    {
        using var request = new HttpRequestMessage(method, $"http://localhost/{path}");
        if (document is not null)
        {
            var type = method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json";
            request.Content = new StringContent(document.ToJsonString(), Encoding.UTF8, type);
        }

        using var response = await _api!.SendAsync(request, Deadline.Token());
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {text}");
        return JsonNode.Parse(text)!.AsObject();
    }

    /// <summary>kubectl's proxy has its socket in the file system, which namespaces of the network do not divide.</summary>
    private async Task ConnectAsync()
    {
        var path = Path.Combine(_directory, "api.sock");
        _proxy = Start(KubectlProgram, $"--kubeconfig={Kubeconfig}", "proxy", $"--unix-socket={path}");
        Assert.StartsWith("Starting to serve", await _proxy.StandardOutput.ReadLineAsync(Deadline.Token()), StringComparison.Ordinal);
        _api = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
    }

    private Process Start(string program, params string[] arguments) => Process.Start(new ProcessStartInfo("nsenter", [$"--net={Hub.Path}", program, .. arguments])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;
}
