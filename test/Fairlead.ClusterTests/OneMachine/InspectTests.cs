using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>`fairlead inspect` on a running cluster: in step when it is, and when it is not, which Service is concerned and why.</summary>
[Collection(nameof(TwoNodes))]
public sealed class InspectTests : IDisposable
{
    private readonly ClusterFixture _cluster;
    private readonly List<Process> _saboteurs = [];
    private readonly string _ns = $"inspect-{Guid.NewGuid():N}"[..14];

    public InspectTests(ClusterFixture cluster)
    {
        _cluster = cluster;
        _cluster.Kubectl("create", "namespace", _ns);
        _cluster.Kubectl("-n", _ns, "run", "web", "--image=registry.example/web:1", "--port=8080", "--labels=app=web");
        _cluster.Kubectl("-n", _ns, "expose", "pod", "web", "--port=80", "--target-port=8080", "--type=NodePort", "--overrides={\"spec\":{\"externalTrafficPolicy\":\"Local\"}}");
        _cluster.Kubectl("-n", _ns, "create", "service", "clusterip", "nobody", "--tcp=80:80");
        _cluster.Kubectl("-n", _ns, "create", "service", "clusterip", "none", "--clusterip=None");
        _cluster.Kubectl("-n", _ns, "wait", "--for=condition=Ready", "pod/web", "--timeout=120s");
    }

    public void Dispose()
    {
        _saboteurs.ForEach(Stop);
        _cluster.Kubectl("delete", "namespace", _ns, "--wait=false");
    }

    [Fact]
    public void A_healthy_cluster_is_in_step_on_every_node_and_says_what_each_frontend_and_endpoint_is()
    {
        var home = Field("pod", "web", "{.spec.nodeName}");
        var (pod, address, port) = (Field("pod", "web", "{.status.podIP}"), Address("web"), Field("service", "web", "{.spec.ports[0].nodePort}"));

        // Each agent is in step with what it has heard of so far.
        var all = Until(
            result => result.Code == 0 && Enumerable.Range(1, 2).All(number =>
                Regex.IsMatch(result.Output, $@"(?m)^{_cluster.Name}-{number} +{_ns} +web +NodePort +2 +1 +InStep$")
                && Regex.IsMatch(result.Output, $@"(?m)^{_cluster.Name}-{number} +{_ns} +none ")
                && Regex.IsMatch(result.Output, $@"(?m)^{_cluster.Name}-{number} +{_ns} +nobody ")),
            "services").Output;
        Assert.Matches(@"^NODE +NAMESPACE +NAME +TYPE +FRONTENDS +ENDPOINTS +STATE +WHY\n", all);
        Assert.Matches($@"(?m)^{_cluster.Name}-1 +kube-system +kube-dns +ClusterIP +0 +0 +NotProxied +the node itself answers at its address$", all);
        foreach (var number in new[] { 1, 2 })
        {
            var (node, here) = ($"{_cluster.Name}-{number}", $"172.30.0.{10 + number}");
            var isHome = node == home;
            Assert.Matches($@"(?m)^{node} +{_ns} +web +NodePort +2 +1 +InStep$", all);
            Assert.Matches($@"(?m)^{node} +{_ns} +none +ClusterIP +0 +0 +NotProxied +headless: DNS names its endpoints$", all);

            var frontends = UntilInStep("frontends", "-n", _ns, "--node", node);
            Assert.Matches($@"(?m)^{node} +{_ns} +nobody +{Address("nobody")}:80/tcp +ClusterIP +Cluster +<none> +0 +InStep$", frontends);
            Assert.Matches($@"(?m)^{node} +{_ns} +web +{address}:80/tcp +ClusterIP +Cluster +<none> +1 +InStep$", frontends);
            Assert.Matches($@"(?m)^{node} +{_ns} +web +{here}:{port}/tcp +NodePort +Local +<none> +1 \({(isHome ? 1 : 0)} local\) +InStep$", frontends);
            Assert.DoesNotContain("kube-dns", frontends, StringComparison.Ordinal);

            var endpoints = UntilInStep("endpoints", $"{_ns}/web", "--node", node, "-o", "wide").Split('\n');
            Assert.Equal(4, endpoints.Length);
            Assert.Matches($@"^{node} +{_ns} +web +{address}:80/tcp +{pod}:8080 +{_ns}/web +{home} +Ready +0 +<none> +InStep +ready$", endpoints[1]);
            Assert.Matches(
                $@"^{node} +{_ns} +web +{here}:{port}/tcp +{pod}:8080 +{_ns}/web +{home} +Ready +0 +"
                + (isHome ? "0 +InStep +ready; from outside: on this node, ready$" : "<none> +InStep +ready; from outside: policy Local: on another node$"),
                endpoints[2]);
        }
    }

    /// <summary>Somebody takes an element out again as often as the agent puts it back: that Service is named, on that node, and no other.</summary>
    [Fact]
    public void A_service_that_somebody_keeps_breaking_is_named_with_what_the_kernel_lacks()
    {
        UntilInStep("services");
        var element = $"{Address("nobody")} . tcp . 80";
        Sabotage("sh", "-c", $"while sleep 0.01; do echo 'delete element inet fairlead-proxy refused4 {{ {element} }}'; done | nft -i 2>&1");

        // Until it is the only one: what an earlier test removed may be on its way out.
        var seen = JsonNode.Parse(Until(result => result.Code == 1 && Broken(result.Output).Count() == 1, "services", "-o", "json").Output)!;
        Assert.False((bool)seen["inStep"]!);
        Assert.Equal([false, true], seen["nodes"]!.AsArray().Select(node => (bool)node!["inStep"]!));
        var broken = Broken(seen.ToJsonString()).Single();
        Assert.Equal((_ns, "nobody", "Differs"), ((string?)broken["namespace"], (string?)broken["name"], (string?)broken["state"]));
        Assert.Equal($"missing: set refused4 {{ {element} }}", (string?)broken["reasons"]!.AsArray().Single());
        Stop(_saboteurs[0]);
        UntilInStep("services");

        static IEnumerable<JsonNode> Broken(string output) => output.StartsWith('{')
            ? JsonNode.Parse(output)!["nodes"]!.AsArray().SelectMany(node => node!["services"]!.AsArray()).OfType<JsonNode>()
                .Where(service => (string?)service["state"] is not ("InStep" or "NotProxied"))
            : [];
    }

    /// <summary>A table that another program owns (nft's flag "owner") takes no change of anybody else: what the agent cannot put right it says, until it can.</summary>
    [Fact]
    public void What_the_kernel_refuses_is_told_with_its_reason_until_it_takes_it()
    {
        UntilInStep("services");
        var owner = Sabotage("nft", "-i");
        owner.StandardInput.WriteLine("delete table inet fairlead-proxy; add table inet fairlead-proxy { flags owner; }");
        owner.StandardInput.Flush();
        var output = Until(result => result.Code == 1 && result.Output.Contains(" Error ", StringComparison.Ordinal), "services", "nobody", "-n", _ns, "-o", "wide").Output;
        Assert.Matches($@"(?m)^{_cluster.Name}-1 +{_ns} +nobody +ClusterIP +1 +0 +Error +.*EPERM.*; missing: set refused4 ", output);
        Assert.Matches($@"(?m)^{_cluster.Name}-2 +{_ns} +nobody +ClusterIP +1 +0 +InStep$", output);
        Stop(owner);
        UntilInStep("services");
    }

    [Fact]
    public void What_cannot_be_asked_is_said_with_what_to_do()
    {
        Assert.Equal((1, "", $"error: there is no Service {_ns}/nothing\nhint: `fairlead inspect services` lists all there are\n"), Inspect("services", "nothing", "-n", _ns));
        Assert.Equal((1, "", $"error: cluster {_cluster.Name} has no node elsewhere\nhint: its nodes: {_cluster.Name}-1, {_cluster.Name}-2\n"), Inspect("services", "--node", "elsewhere"));
        var (code, output, error) = Inspect("endpoints", "--socket", "/run/nobody.sock");
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith("warning: this node: its agent does not answer at /run/nobody.sock: ", error, StringComparison.Ordinal);
        var socket = $"/run/fairlead/{_cluster.Name}/{_cluster.Name}-1.inspect.sock";
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(socket));
        (code, output, _) = _cluster.TryFairlead("inspect", "services", "--socket", socket, "-n", _ns);
        Assert.Equal(0, code);
        Assert.Contains($"{_cluster.Name}-1", output, StringComparison.Ordinal);
    }

    private string Address(string service) => Field("service", service, "{.spec.clusterIP}");

    private string Field(string kind, string name, string path) => _cluster.Kubectl("-n", _ns, "get", kind, name, "-o", $"jsonpath={path}");

    private (int Code, string Output, string Error) Inspect(params string[] arguments) =>
        _cluster.TryFairlead(["inspect", arguments[0], "--name", _cluster.Name, .. arguments[1..]]);

    /// <summary>What other tests have just changed takes a moment to come to rest.</summary>
    private string UntilInStep(params string[] arguments) => Until(result => result.Code == 0, arguments).Output;

    private (int Code, string Output, string Error) Until(Func<(int Code, string Output, string Error), bool> condition, params string[] arguments)
    {
        var deadline = Deadline.Token();
        while (true)
        {
            var result = Inspect(arguments);
            if (condition(result))
            {
                return result;
            }

            Assert.False(deadline.IsCancellationRequested, $"{result}");
        }
    }

    private Process Sabotage(params string[] command)
    {
        var process = Process.Start(new ProcessStartInfo("nsenter", [$"--net=/run/netns/fairlead-{_cluster.Name}-node-1", .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        _saboteurs.Add(process);
        return process;
    }

    private static void Stop(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        process.WaitForExit();
    }
}
