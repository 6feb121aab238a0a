using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Fairlead.Kube.Client;
using Fairlead.Kube.Kubeconfig;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.Testing;

namespace Fairlead.Benchmarks;

/// <summary>A cluster of the release binary; gone at the end.</summary>
internal sealed class Cluster : IDisposable
{
    private const string Balancer = "172.30.255.1";

    private const string Manifest =
        """
        apiVersion: v1
        kind: Service
        metadata: {name: front}
        spec: {type: LoadBalancer, selector: {app: front}, ports: [{port: 80, targetPort: 8080}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: front, labels: {app: front}}
        spec: {containers: [{name: main, image: registry.example/front:1, ports: [{containerPort: 8080}]}]}
        """;

    private readonly string[] _program;
    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-bench").FullName;
    private readonly Stopwatch _watch = new();
    private TimeSpan _ready;
    private KubeClient? _api;

    private Cluster(string[] program, string name) => (_program, Name) = (program, name);

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>How to reach its API as its administrator, a file.</summary>
    public string Kubeconfig => Path.Combine(_directory, "config");

    /// <summary>Its API.</summary>
    public KubeClient Api => _api ??= new KubeClient(KubeconfigReader.Read(Kubeconfig));

    /// <summary>Brings it up with one Service and its pod.</summary>
    /// <param name="program">The release binary.</param>
    /// <param name="name">The cluster's name.</param>
    /// <param name="nodes">How many.</param>
    /// <param name="processor">The only processor that its processes know of; null: all.</param>
    /// <param name="ingress">Whether it serves Ingresses, as it does unless told otherwise.</param>
    public static Cluster Start(string program, string name, int nodes = 2, int? processor = null, bool ingress = false)
    {
        var cluster = new Cluster(processor is { } one ? ["taskset", "-c", $"{one}", program] : [program], name);
        var manifest = Path.Combine(cluster._directory, "front.yaml");
        File.WriteAllText(manifest, Manifest);
        cluster._watch.Start();
        cluster.Run(["up", "--detach", "--name", name, "--nodes", $"{nodes}", "-f", manifest, .. ingress ? [] : (string[])["--no-ingress"]]);
        cluster._ready = cluster._watch.Elapsed;
        return cluster;
    }

    /// <summary>Path of the first node's network namespace.</summary>
    public string NodePath => NetNamespace.NamedPath($"fairlead-{Name}-node-1");

    /// <summary>The first node's network namespace.</summary>
    public NetNamespace OpenNode() => NetNamespace.Open(NodePath);

    /// <summary>The process of the first node's agent.</summary>
    public Process Agent() => Process.GetProcessById(Processes().Single(id => CommandLine(id).Contains($"--node-name\0{Name}-1\0", StringComparison.Ordinal)));

    /// <summary>The process of the API server, its store and controllers.</summary>
    public Process ControlPlane() => Process.GetProcessById(Processes().Single(id => CommandLine(id).Contains("\0up\0", StringComparison.Ordinal)));

    /// <summary>Moves every process but the first node's agent to a processor.</summary>
    public void PinOthers(int processor)
    {
        using var agent = Agent();
        foreach (var id in Processes().Where(id => id != agent.Id))
        {
            using var process = Process.GetProcessById(id);
            DnsPerf.Pin(process, processor);
        }
    }

    /// <summary>Prints what the start took.</summary>
    public async Task MeasureStartAsync()
    {
        AskDns();
        var dns = _watch.Elapsed;
        await AskBalancerAsync();
        var balancer = _watch.Elapsed;
        Figures.Heading("two nodes, the release binary");
        Figures.Print("from `up` to nodes Ready and Ingresses served", Figures.Time(_ready), "target 3 s");
        Figures.Print("from `up` to a DNS answer on a node", Figures.Time(dns), "target 3 s");
        Figures.Print("from `up` to an answer of a LoadBalancer address", Figures.Time(balancer), "target 3 s");
        PrintMemory("resident memory, every process", "target 250 MB");
        MeasureKilledAgent();
    }

    /// <summary>Prints how long a DNS query waits that is sent just after its node's agent was killed.</summary>
    private void MeasureKilledAgent()
    {
        using var agent = Agent();
        agent.Kill();
        _watch.Restart();
        AskDns();
        Figures.Print("from an agent's SIGKILL to the answer of a query meanwhile", Figures.Time(_watch.Elapsed), "target 2 s from its return");
    }

    /// <summary>Prints what all processes of the cluster hold.</summary>
    public void PrintMemory(string what, string beside) =>
        Figures.Print(what, Figures.Text(Processes().Sum(id => Kilobytes(id, "status", "VmRSS:")) / 1024, "0", " MB"),
            $"{beside}; {Figures.Text(Processes().Sum(id => Kilobytes(id, "smaps_rollup", "Pss:")) / 1024, "0", " MB")} with shared pages counted once");

    /// <summary>Starts a pod without a command and waits until it is Ready.</summary>
    /// <returns>The path of its network namespace, and its address.</returns>
    public async Task<(string Netns, IpAddr Address)> StartPodAsync(string name)
    {
        await PodStarts.StartAsync(Api, name, []);
        var pod = await Api.GetAsync(ResourceTypes.Pods, "default", name, CancellationToken.None);
        return ($"/run/fairlead/{Name}/pods/default_{name}_{(string?)pod["metadata"]!["uid"]}/net", IpAddr.Parse((string)pod["status"]!["podIP"]!));
    }

    /// <summary>A field of /proc/PID/status in MB.</summary>
    public static double Megabytes(Process process, string field) => Kilobytes(process.Id, "status", field) / 1024;

    /// <inheritdoc/>
    public void Dispose()
    {
        _watch.Restart();
        Run("down", "--name", Name);
        Figures.Print("`down`", Figures.Time(_watch.Elapsed), "");
        _api?.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private void Run(params string[] arguments) => Tool.Run("env", [$"KUBECONFIG={Kubeconfig}", .. _program, .. arguments]);

    private void AskDns()
    {
        byte[] name = [.. "kubernetes.default.svc.cluster.local".Split('.').SelectMany(label => Encoding.ASCII.GetBytes(label).Prepend((byte)label.Length)), 0];
        byte[] query = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. name, 0, 1, 0, 1];
        var reply = new byte[512];
        using var node = OpenNode();
        using var socket = node.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.ReceiveTimeout = 3000;
        socket.Connect(IPAddress.Parse("10.96.0.10"), 53);
        socket.Send(query);
        if (socket.Receive(reply) < 12 || reply[7] != 1)
        {
            throw new InvalidOperationException("the node's DNS does not know Service kubernetes");
        }
    }

    private static async Task AskBalancerAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
        while (true)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            using var attempt = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
            attempt.CancelAfter(TimeSpan.FromMilliseconds(100));
            try
            {
                await socket.ConnectAsync(IPAddress.Parse(Balancer), 80, attempt.Token);
                await socket.SendAsync("GET / HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n"u8.ToArray(), limit.Token);
                if (await socket.ReceiveAsync(new byte[64], limit.Token) > 0)
                {
                    return;
                }
            }
            catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !limit.IsCancellationRequested))
            {
                // Refused until the pod is ready, unreachable until the address is announced.
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, limit.Token);
            }
        }
    }

    private IEnumerable<int> Processes() =>
        from process in Process.GetProcessesByName("fairlead")
        where CommandLine(process.Id).Contains(Name, StringComparison.Ordinal)
        select process.Id;

    private static string CommandLine(int id) => File.Exists($"/proc/{id}/cmdline") ? File.ReadAllText($"/proc/{id}/cmdline") : "";

    private static double Kilobytes(int id, string file, string field) => File.ReadLines($"/proc/{id}/{file}")
        .Where(line => line.StartsWith(field, StringComparison.Ordinal))
        .Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)).Single();
}
