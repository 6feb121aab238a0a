using System.Text.Json.Nodes;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>
/// Two clusters of one node side by side on one machine, on which much of what they are used to was taken before: <c>open</c>, of both families and with
/// ranges for external addresses, started by sudo; <c>closed</c>, of IPv4 and without egress. The machine has an uplink to a namespace that plays the internet.
/// </summary>
public sealed class Neighbours : IAsyncLifetime
{
    public const string Open = "open";
    public const string Closed = "closed";

    /// <summary>Where the internet's only host is, by either family; the machine is .2 beside it.</summary>
    public const string Far4 = "192.0.2.1";

    /// <summary>As <see cref="Far4"/>.</summary>
    public const string Far6 = "2001:db8::1";

    /// <summary>What the invoking user's kubeconfig says before.</summary>
    public const string Foreign = """
        # mine, and to stay so
        apiVersion: v1
        kind: Config
        clusters:
        - cluster: {server: "https://192.0.2.9:6443"}
          name:   elsewhere
        contexts:
        - {name: elsewhere, context: {cluster: elsewhere, user: me}}
        current-context: elsewhere
        users: [] # none

        """;

    private const string User = "4711";
    private const string Group = "4712";

    /// <summary>The machine.</summary>
    public Machine Machine { get; } = Machine.With($"nameserver {Far4}\n", "");

    /// <summary>The internet.</summary>
    public TestNetns Internet { get; } = new();

    /// <summary>What it said once both were up, and its mode and owner.</summary>
    public (string Text, string Stat) KubeconfigAfter { get; private set; }

    /// <summary>The invoking user's kubeconfig.</summary>
    public string Kubeconfig => Path.Combine(Machine.Directory, "home", ".kube", "config");

    /// <inheritdoc/>
    public ValueTask InitializeAsync()
    {
        Tool.RunIn(Internet, "sh", "-ec", $"""
            ip link set lo up
            ip link add inet0 type veth peer name uplink0
            ip addr add {Far4}/24 dev inet0
            ip addr add {Far6}/64 dev inet0 nodad
            ip link set inet0 up
            ip link set uplink0 netns {Machine.Network}
            """);
        Machine.Run("sh", "-ec", $"""
            ip addr add 192.0.2.2/24 dev uplink0
            ip addr add 2001:db8::2/64 dev uplink0 nodad
            ip link set uplink0 up
            ip route add default via {Far4}
            ip route add default via {Far6}
            ip link add taken type bridge
            ip link set taken up
            ip addr add 172.30.77.1/24 dev taken
            ip route add 10.244.5.0/24 dev taken
            ip route add 10.100.0.0/24 dev taken
            echo 'somebody:x:{User}:{Group}::{Machine.Directory}/home:/bin/sh' >> /etc/passwd
            echo 'fresh:x:{User}:{Group}::{Machine.Directory}/fresh:/bin/sh' >> /etc/passwd
            mkdir -p {Machine.Directory}/home/.kube {Machine.Directory}/fresh
            """);
        File.WriteAllText(Kubeconfig, Foreign);
        File.SetUnixFileMode(Kubeconfig, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Machine.Run("chown", "-R", $"{User}:{Group}", Path.Combine(Machine.Directory, "home"), Path.Combine(Machine.Directory, "fresh"));
        Machine.Run("sh", "-c", "busybox nc -ll -p 6443 -e true >/dev/null 2>&1 </dev/null & sleep 0.1; until ss -ltn | grep -q :6443; do sleep 0.05; done");
        Sudo("somebody", "up", "--detach", "--name", Open, "--nodes", "1", "--ip-family", "dual", "--external-ip-range", "203.0.113.0/25", "--external-ip-range", "2001:db8:5::/64");
        Sudo("somebody", "up", "--detach", "--name", Closed, "--nodes", "1", "--no-egress", "--no-switch");
        KubeconfigAfter = (File.ReadAllText(Kubeconfig), Machine.Run("stat", "-c", "%a %u:%g", Kubeconfig).Trim());
        Apply(Open, Pod("web") + "\n---\n" + Pod("asker") + "\n---\n" + Service);
        Apply(Closed, Pod("web") + "\n---\n" + Pod("asker") + "\n---\n" + Service);
        foreach (var cluster in new[] { Open, Closed })
        {
            Kubectl(cluster, "wait", "--for=condition=Ready", "pod/web", "pod/asker", "--timeout=120s");
            Kubectl(cluster, "wait", "--for=jsonpath={.status.loadBalancer.ingress[0].ip}", "service/web", "--timeout=120s");
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Machine.Dispose();
        Internet.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Runs the program as sudo starts it for a user: without KUBECONFIG, told who asked.</summary>
    public string Sudo(string user, params string[] arguments) => Machine.Run(
        "env", ["-u", "KUBECONFIG", "HOME=/root", $"SUDO_USER={user}", $"SUDO_UID={User}", $"SUDO_GID={Group}", ClusterFixture.BuiltProgram, .. arguments]);

    /// <summary>Runs the program and tells all.</summary>
    public (int Code, string Output, string Error) TryFairlead(params string[] arguments) => Machine.TryRun(ClusterFixture.BuiltProgram, arguments);

    /// <summary>Runs kubectl with a cluster's context.</summary>
    public string Kubectl(string cluster, params string[] arguments)
    {
        var (code, output, error) = TryKubectl(cluster, "", arguments);
        return code == 0 ? output : throw new InvalidOperationException($"kubectl {string.Join(' ', arguments)}: exit {code}: {error}{output}");
    }

    /// <summary>Runs kubectl with a cluster's context and some input, and tells all.</summary>
    public (int Code, string Output, string Error) TryKubectl(string cluster, string input, params string[] arguments) => Machine.TryRun(
        [$"KUBECONFIG=/var/lib/fairlead/{cluster}/credentials/admin.kubeconfig"], input, ClusterFixture.KubectlProgram, ["--cache-dir", Path.Combine(Machine.Directory, cluster), .. arguments]);

    /// <summary>Something of an object.</summary>
    public string Get(string cluster, string kind, string name, string path) => Kubectl(cluster, "get", kind, name, "-o", $"jsonpath={path}");

    /// <summary>Runs something in the network namespace of a cluster's pod, and tells all.</summary>
    public (int Code, string Output, string Error) InPod(string cluster, string pod, params string[] command)
    {
        var uid = Get(cluster, "pod", pod, "{.metadata.uid}");
        return Machine.TryRun("nsenter", [$"--net=/run/fairlead/{cluster}/pods/default_{pod}_{uid}/net", .. command]);
    }

    /// <summary>An address as an URL has it.</summary>
    public static string Bracketed(string address) => address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;

    /// <summary>Asks a stand-in from the pod <c>asker</c>: who it is and whom it saw.</summary>
    public JsonNode Ask(string cluster, string address)
    {
        var (code, output, error) = InPod(cluster, "asker", "curl", "-sS", "--max-time", "120", "--retry", "60", "--retry-delay", "1", "--retry-all-errors", $"http://{address}/");
        return code == 0 ? JsonNode.Parse(output)! : throw new InvalidOperationException($"{address}: exit {code}: {error}");
    }

    private const string Service = """
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {type: LoadBalancer, ipFamilyPolicy: PreferDualStack, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
        """;

    private static string Pod(string name) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}, labels: {app: {{name}} } }
        spec: {containers: [{name: main, image: registry.example/web:1, ports: [{containerPort: 8080}] }] }
        """;

    private void Apply(string cluster, string manifests)
    {
        var (code, output, error) = TryKubectl(cluster, manifests, "apply", "-f", "-");
        Assert.True(code == 0, $"{error}{output}");
    }
}

/// <summary>The tests that share the two clusters, one at a time.</summary>
[CollectionDefinition(nameof(Neighbours))]
public sealed class NeighboursCollection : ICollectionFixture<Neighbours>;
