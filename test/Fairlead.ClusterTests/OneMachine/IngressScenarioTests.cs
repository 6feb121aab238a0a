using System.Text.Json.Nodes;
using Fairlead.Testing;
using Fairlead.Testing.Ingresses;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>The scenario files, asked of a cluster with real packets from outside.</summary>
[Collection(nameof(Ingresses))]
public sealed class IngressScenarioTests(IngressFixture cluster) : IDisposable
{
    private const string Subject = "CN=scenario";

    // Outside, as the cluster sees it.
    private const string Client = "172.30.0.1";

    // As many as the conformance suite asks.
    private const int Requests = 100;

    private readonly IngressClient _client = new(cluster, Subject);
    private readonly HashSet<string> _namespaces = [];

    public static TheoryData<string> Files => [.. IngressScenario.Names];

    public void Dispose()
    {
        _client.Dispose();
        foreach (var name in _namespaces)
        {
            cluster.Kubectl("delete", "ingress", "--all", "-n", name);
        }

        cluster.Kubectl("annotate", "ingressclass", "fairlead", "ingressclass.kubernetes.io/is-default-class-", "kubectl.kubernetes.io/last-applied-configuration-");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Scenario(string name)
    {
        var steps = IngressScenario.Load(name);
        Serve([.. steps.OfType<ServiceStep>()]);
        var unserved = steps.OfType<UnservedStep>().Select(step => $"{step.Ingress}").ToHashSet();
        foreach (var step in steps)
        {
            switch (step)
            {
                case DocumentsStep documents:
                    Apply(documents, unserved);
                    break;
                case UnservedStep one:
                    AssertUnserved(one);
                    break;
                case RequestStep request:
                    await AssertAnsweredAsync(request);
                    break;
                default:
                    Assert.True(step is TitleStep or ServiceStep, $"{step}");
                    break;
            }
        }
    }

    /// <summary>All Services with their pods at once: a Deployment of stand-ins each, whose answers name it.</summary>
    private void Serve(ServiceStep[] services)
    {
        _namespaces.UnionWith(services.Select(step => step.Service.Namespace));
        cluster.Apply(string.Join("\n---\n", [.. _namespaces.Select(name => $"{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}}}}}"), .. services.Select(Objects)]));
        foreach (var name in _namespaces)
        {
            cluster.Kubectl("wait", "--for=condition=Available", "deployment", "--all", "-n", name, "--timeout=120s");
        }
    }

    private static string Objects(ServiceStep step) =>
        $$"""
        apiVersion: v1
        kind: Service
        metadata: {name: {{step.Service.Name}}, namespace: {{step.Service.Namespace}} }
        spec: {selector: {app: {{step.Service.Name}} }, ports: [{name: {{step.PortName}}, port: {{step.Port}}, targetPort: 8080}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: {{step.Service.Name}}, namespace: {{step.Service.Namespace}} }
        spec:
          replicas: {{step.Endpoints}}
          selector: {matchLabels: {app: {{step.Service.Name}} } }
          template:
            metadata: {labels: {app: {{step.Service.Name}} } }
            spec: {containers: [{name: main, image: "registry.example/web:1", ports: [{containerPort: 8080}]}]}
        """;

    private void Apply(DocumentsStep step, HashSet<string> unserved)
    {
        var documents = step.Documents.Select(document => (JsonObject)document.DeepClone()).ToList();

        // When it was made is the server's to say: those of one file are made in its order.
        documents.ForEach(document => document["metadata"]!.AsObject().Remove("creationTimestamp"));
        var ingresses = documents.Where(document => (string?)document["kind"] == "Ingress").ToList();
        foreach (var tls in step.IsDeletion ? [] : ingresses.SelectMany(ingress => ingress["spec"]?["tls"]?.AsArray() ?? [], (ingress, tls) => (Namespace: Name(ingress).Namespace, Entry: tls!)))
        {
            var secret = IngressClient.SelfSigned((string)tls.Entry["secretName"]!, Subject, tls.Entry["hosts"]!.AsArray().Select(host => (string)host!));
            cluster.Kubectl(secret, ["apply", "-n", tls.Namespace, "-f", "-"]);
        }

        cluster.Kubectl(string.Join("\n---\n", documents.Select(document => document.ToJsonString())), [step.IsDeletion ? "delete" : "apply", "-f", "-"]);
        foreach (var (space, name) in step.IsDeletion ? [] : ingresses.Select(Name).Where(ingress => !unserved.Contains($"{ingress.Namespace}/{ingress.Name}")))
        {
            WaitServed(space, name);
        }
    }

    private void WaitServed(string space, string name) =>
        cluster.Kubectl("wait", $"--for=jsonpath={{.status.loadBalancer.ingress[0].ip}}={IngressFixture.Address}", $"ingress/{name}", "-n", space, "--timeout=120s");

    /// <summary>One that was made later has an address, and this has none.</summary>
    private void AssertUnserved(UnservedStep step)
    {
        cluster.Apply($$"""
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata: {name: later, namespace: {{step.Ingress.Namespace}} }
            spec: {rules: [{host: later.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: nobody, port: {number: 80} } } }]} }]}
            """);
        WaitServed(step.Ingress.Namespace, "later");
        Assert.Equal("", cluster.Kubectl("get", "ingress", step.Ingress.Name, "-n", step.Ingress.Namespace, "-o", "jsonpath={.status.loadBalancer.ingress}"));
    }

    private async Task AssertAnsweredAsync(RequestStep step)
    {
        var expected = step.Status != 200 ? $"{step.Status}" : $"{step.Ingress.Namespace} {step.Service}{(step.Endpoints > 0 ? $" x{step.Endpoints}" : "")}";
        var deadline = Deadline.Token();
        string seen;
        while ((seen = await SeenAsync(step)) != expected && !deadline.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }

        Assert.Equal((step, expected), (step, seen));
    }

    private async Task<string> SeenAsync(RequestStep step)
    {
        var (services, pods) = (new HashSet<string>(), new HashSet<string>());
        for (var i = 0; i < (step.Endpoints > 0 ? Requests : 1); i++)
        {
            var url = $"{step.Scheme}://{(step.Host.Length > 0 ? step.Host : IngressFixture.Address)}{step.Path}";
            var (status, body) = await _client.AskAsync(url, step.Method);
            if (status != 200)
            {
                return $"{status}";
            }

            // Scheme, host and path as the client wrote them, and who it is, whichever way the request took.
            var answer = JsonNode.Parse(body)!;
            Assert.Equal((url, Client), ((string?)answer["request"], (string?)answer["forwardedFor"]));
            var pod = (string)answer["pod"]!;
            pods.Add(pod);

            // A pod of a Deployment has its name, and two words more.
            services.Add($"{answer["namespace"]} {string.Join('-', pod.Split('-')[..^2])}");
        }

        return $"{string.Join(", ", services)}{(step.Endpoints > 0 ? $" x{pods.Count}" : "")}";
    }

    private static (string Namespace, string Name) Name(JsonObject document) => ((string?)document["metadata"]!["namespace"] ?? "default", (string)document["metadata"]!["name"]!);
}
