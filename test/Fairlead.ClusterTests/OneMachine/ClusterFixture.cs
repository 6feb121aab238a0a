using System.Diagnostics;
using System.Text.Json.Nodes;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>
/// A two-node cluster started by the program itself, detached, in a network namespace without an uplink, with a kubeconfig of its own.
/// Shared by the tests of a class; taken down at the end, whatever happened.
/// </summary>
public class ClusterFixture : IAsyncLifetime
{
    private readonly TestNetns _outside = new();

    // Not below /tmp, which no container sees anything of: a kubeconfig may be anywhere.
    private readonly string _directory = Directory.CreateDirectory($"/opt/fairlead-test-{Guid.NewGuid():N}").FullName;

    /// <summary>A cluster of the program that most tests run.</summary>
    public ClusterFixture()
        : this(BuiltProgram)
    {
    }

    /// <summary>A cluster of a program elsewhere.</summary>
    protected ClusterFixture(string program) => Program = program;

    /// <summary>The cluster's name, unlike any other's.</summary>
    public string Name { get; } = $"t{Guid.NewGuid():N}"[..9];

    /// <summary>The kubeconfig the program merges into.</summary>
    public string Kubeconfig => Path.Combine(_directory, "config");

    /// <summary>What the namespaces, links, routes and rules outside were before the cluster.</summary>
    public string Before { get; private set; } = "";

    /// <summary>What `up` is told beyond the name.</summary>
    protected virtual string[] UpOptions => [];

    /// <summary>Whether it serves Ingresses: a process more to start, for who needs it.</summary>
    protected virtual bool HasIngress => false;

    /// <summary>What `up` printed.</summary>
    public string Up { get; private set; } = "";

    /// <summary>Path of the network namespace outside.</summary>
    public string OutsidePath => _outside.Path;

    /// <summary>The program under test.</summary>
    public string Program { get; }

    /// <summary>The program that `make build` and `make demo` run.</summary>
    public static string DebugProgram { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "fairlead", "debug", "fairlead"));

    /// <summary>
    /// The program that most tests run: what FAIRLEAD_PROGRAM names, in a whole run the release binary, which users have and which starts in a fraction of the time; otherwise the
    /// debug build. The README's walk and the streams run the debug build in any case.
    /// </summary>
    public static string BuiltProgram { get; } = Environment.GetEnvironmentVariable("FAIRLEAD_PROGRAM") is { Length: > 0 } named ? named : DebugProgram;

    /// <summary>The kubectl to test with.</summary>
    public static string KubectlProgram => Environment.GetEnvironmentVariable("FAIRLEAD_KUBECTL") is { Length: > 0 } named ? named : "kubectl";

    /// <inheritdoc/>
    public virtual ValueTask InitializeAsync()
    {
        Tool.RunIn(_outside, "ip", "link", "set", "lo", "up");
        Before = Traces();
        Up = Start();
        return ValueTask.CompletedTask;
    }

    /// <summary>Starts the cluster and tells what was printed.</summary>
    protected virtual string Start() => Fairlead(["up", "--detach", "--name", Name, .. HasIngress ? (string[])[] : ["--no-ingress"], .. UpOptions]);

    /// <inheritdoc/>
    public virtual ValueTask DisposeAsync()
    {
        TryFairlead("down", "--name", Name);
        _outside.Dispose();
        Directory.Delete(_directory, recursive: true);
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>Runs the program outside; fails the test when it exits other than 0.</summary>
    public string Fairlead(params string[] arguments)
    {
        var (code, output, error) = TryFairlead(arguments);
        return code == 0 ? output : throw new InvalidOperationException($"fairlead {string.Join(' ', arguments)}: exit {code}: {error}{output}\n{Logs()}");
    }

    /// <summary>Runs the program outside and tells all.</summary>
    public (int Code, string Output, string Error) TryFairlead(params string[] arguments) => Run(Program, "", arguments);

    /// <summary>Runs kubectl against the cluster; fails the test when it exits other than 0.</summary>
    public string Kubectl(params string[] arguments) => Kubectl("", arguments);

    /// <summary>Runs kubectl against the cluster with some input.</summary>
    public string Kubectl(string input, string[] arguments)
    {
        var (code, output, error) = TryKubectl(input, arguments);
        return code == 0 ? output : throw new InvalidOperationException($"kubectl {string.Join(' ', arguments)}: exit {code}: {error}{output}\n{Logs()}");
    }

    /// <summary>Runs kubectl and tells all.</summary>
    public (int Code, string Output, string Error) TryKubectl(string input, params string[] arguments) =>
        Run(KubectlProgram, input, ["--cache-dir", Path.Combine(_directory, "cache"), .. arguments]);

    /// <summary>kubectl on a terminal of 100 columns and 30 rows.</summary>
    internal Terminal OnTerminal(params string[] arguments) => new(
        100, 30, ["nsenter", $"--net={_outside.Path}", "env", $"KUBECONFIG={Kubeconfig}", KubectlProgram, "--cache-dir", Path.Combine(_directory, "cache"), .. arguments]);

    /// <summary>The program on a terminal of 100 columns and 30 rows, with variables beside those of the tests.</summary>
    internal Terminal FairleadOnTerminal(string[] variables, params string[] arguments) =>
        new(100, 30, ["nsenter", $"--net={_outside.Path}", "env", $"KUBECONFIG={Kubeconfig}", .. variables, Program, .. arguments]);

    /// <summary>Applies what is written.</summary>
    public void Apply(string manifest) => Kubectl(manifest, ["apply", "-f", "-"]);

    /// <summary>A pod of one container, a stand-in on port 8080, with its name as label <c>app</c>, on a node by number.</summary>
    public void StandIn(string name, int node) => Apply(
        $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}, labels: {app: {{name}} } }
        spec:
          nodeName: {{Name}}-{{node}}
          containers: [{name: main, image: "registry.example/web:1", ports: [{containerPort: 8080}]}]
        """);

    /// <summary>A pod that runs a script of the shell; <paramref name="more"/> are further fields of its spec.</summary>
    public void Script(string name, string more, string script) => Apply(
        $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}}
        spec:
          {{more}}
          containers: [{name: c, image: "busybox:1.36", command: [sh, -c, {{System.Text.Json.JsonSerializer.Serialize(script)}}]}]
        """);

    /// <summary>The address of a pod.</summary>
    public string PodAddress(string pod) => Kubectl("get", "pod", pod, "-o", "jsonpath={.status.podIP}");

    /// <summary>Asks a stand-in over HTTP from within a pod; its answer is who it is and whom it saw.</summary>
    public JsonNode Ask(string fromPod, string address, int seconds = 30) =>
        JsonNode.Parse(InPod(fromPod, "curl", "-sS", "--max-time", $"{seconds}", $"http://{address}/"))!;

    /// <summary>Asks until it holds: what the API server has been told, the nodes hear of a moment later.</summary>
    public static T Until<T>(Func<T> ask, Func<T, bool> holds)
    {
        var deadline = Deadline.Token();
        while (true)
        {
            var seen = ask();
            if (holds(seen))
            {
                return seen;
            }

            Assert.False(deadline.IsCancellationRequested, $"not in time: {seen}");
        }
    }

    /// <summary>Asks a stand-in of a Service, whose endpoints the pod's node may still have to hear of, until one answers.</summary>
    public JsonNode AskService(string fromPod, string address) => JsonNode.Parse(
        InPod(fromPod, "curl", "-sS", "--max-time", "120", "--retry", "60", "--retry-delay", "1", "--retry-connrefused", $"http://{address}/"))!;

    /// <summary>Runs something in a pod's network namespace.</summary>
    public string InPod(string pod, params string[] command)
    {
        var uid = Kubectl("get", "pod", pod, "-o", "jsonpath={.metadata.uid}");
        return Tool.Run("nsenter", [$"--net=/run/fairlead/{Name}/pods/default_{pod}_{uid}/net", .. command]);
    }

    /// <summary>Waits until `status` finds nothing wrong: what an earlier test killed may still be on its way back.</summary>
    public void WhenReady()
    {
        var deadline = Deadline.Token();
        while (TryFairlead("status", "--name", Name) is { Code: not 0 } status)
        {
            Assert.False(deadline.IsCancellationRequested, $"not ready in time: {status.Output}{status.Error}");
        }
    }

    /// <summary>The processes that `status` names, alive or not, and their ids.</summary>
    public IReadOnlyDictionary<string, int> Processes() =>
        JsonNode.Parse(TryFairlead("status", "--name", Name, "-o", "json").Output)!["processes"]!.AsArray()
            .ToDictionary(process => (string)process!["name"]!, process => (int)process!["pid"]!);

    /// <summary>Kills a process of the cluster by SIGKILL, as `status` names it, and waits for its end; another may be dead already.</summary>
    public void Kill(string name)
    {
        using var process = Process.GetProcessById(Processes()[name]);
        process.Kill();
        process.WaitForExit();
    }

    /// <summary>Kills the agent of a node by SIGKILL.</summary>
    public void KillAgent(int node) => Kill($"agent {Name}-{node}");

    /// <summary>Runs something outside, where clients from elsewhere are.</summary>
    public (int Code, string Output, string Error) Outside(string command, params string[] arguments) => Run(command, "", arguments);

    /// <summary>Starts something outside that goes on; its output and error are read by the caller, who also ends it.</summary>
    public Process Start(string command, params string[] arguments) => Process.Start(new ProcessStartInfo(
        "nsenter", [$"--net={_outside.Path}", "env", $"KUBECONFIG={Kubeconfig}", command, .. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    /// <summary>Opens a socket outside.</summary>
    internal T InOutside<T>(Func<T> open) => _outside.Run(open);

    /// <summary>Everything a cluster could leave behind outside.</summary>
    public string Traces() => string.Join('\n',
        string.Join('\n', Directory.Exists("/run/netns") ? Directory.GetFiles("/run/netns").Where(file => file.Contains(Name, StringComparison.Ordinal)) : []),
        Outside("ip", "-o", "link").Output, Outside("ip", "route", "show", "table", "all").Output, Outside("ip", "-6", "route").Output,
        Outside("nft", "list", "ruleset").Output, Outside("sysctl", "net.ipv4.ip_forward").Output,
        File.Exists(Kubeconfig) ? File.ReadAllText(Kubeconfig) : "no kubeconfig",
        string.Join('\n', File.ReadLines("/proc/mounts").Where(line => line.Contains(Name, StringComparison.Ordinal))),
        string.Join('\n', Tool.Processes("fairlead", Name)),
        string.Join('\n', new[] { $"/var/lib/fairlead/{Name}", $"/run/fairlead/{Name}", $"/sys/fs/cgroup/fairlead-{Name}", $"/sys/fs/cgroup/memory/fairlead-{Name}" }.Where(Directory.Exists)));

    private (int Code, string Output, string Error) Run(string command, string input, params string[] arguments) =>
        Tool.TryRun("nsenter", input, [$"--net={_outside.Path}", "env", $"KUBECONFIG={Kubeconfig}", command, .. arguments]);

    private string Logs()
    {
        var directory = $"/var/lib/fairlead/{Name}/logs";
        return Directory.Exists(directory)
            ? string.Join('\n', Directory.GetFiles(directory, "*.log").Select(file => $"== {file}\n{string.Join('\n', File.ReadLines(file).TakeLast(15))}"))
            : "no logs";
    }
}
