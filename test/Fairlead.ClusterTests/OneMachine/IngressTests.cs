using System.Diagnostics;
using System.Text.Json.Nodes;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>A cluster that serves Ingresses, with two pods behind a Service on either node, and one that says who it was told asks.</summary>
public sealed class IngressFixture : ClusterFixture
{
    /// <summary>Where a cluster of the usual addresses serves Ingresses: the last of its pool.</summary>
    public const string Address = "172.30.255.254";

    private const string Objects = """
        apiVersion: v1
        kind: Service
        metadata: {name: shop}
        spec: {selector: {part: shop}, ports: [{port: 80, targetPort: 8080}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: teller, labels: {part: teller}}
        spec:
          containers:
          - name: c
            image: busybox:1.36
            ports: [{containerPort: 8080}]
            command: [nc, -ll, -p, "8080", -e, sh, -c]
            args:
            - |
              said=
              while IFS= read -r line; do
                line=$(printf %s "$line" | tr -d '\r')
                [ -n "$line" ] || break
                case $line in [Xx]-[Ff]orwarded-[Ff]or:*) said=${line#*: } ;; esac
              done
              printf 'HTTP/1.1 200 OK\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s' "${#said}" "$said"
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: teller}
        spec: {selector: {part: teller}, ports: [{name: web, port: 80, targetPort: 8080}]}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: plain}
        spec: {rules: [{host: plain.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}]}}]}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: classed}
        spec: {ingressClassName: nginx, rules: [{host: classed.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}]}}]}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: annotated, annotations: {kubernetes.io/ingress.class: fairlead}}
        spec: {rules: [{host: annotated.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}]}}]}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: told}
        spec: {rules: [{host: told.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: teller, port: {name: web}}}}]}}]}
        """;

    /// <inheritdoc/>
    protected override bool HasIngress => true;

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        StandIn("shop-1", 1);
        StandIn("shop-2", 2);
        Kubectl("label", "pod", "shop-1", "shop-2", "part=shop");
        Apply(Objects);
        Kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s");
    }

    /// <summary>Asks for a host at the cluster's address, from outside, until there is an answer.</summary>
    public string AskHost(string host, int status = 200) =>
        Until(
            () => Outside("curl", "-sS", "--max-time", "5", "-w", "%{stderr}%{http_code}", "-H", $"Host: {host}", $"http://{Address}/"),
            seen => seen.Code == 0 && seen.Error == $"{status}").Output;
}

/// <summary>The tests that share one cluster that serves Ingresses, one at a time.</summary>
[CollectionDefinition(nameof(Ingresses))]
public sealed class Ingresses : ICollectionFixture<IngressFixture>;

/// <summary>Ingresses as <c>fairlead up</c> serves them, asked from outside.</summary>
[Collection(nameof(Ingresses))]
public sealed class IngressTests(IngressFixture cluster)
{
    [Theory]
    [InlineData("plain")]
    [InlineData("classed")]
    [InlineData("annotated")]
    public void An_Ingress_without_a_class_with_one_and_by_annotation_leads_to_its_pods(string name)
    {
        var answer = JsonNode.Parse(cluster.AskHost($"{name}.example"))!;
        Assert.StartsWith("shop-", (string?)answer["pod"], StringComparison.Ordinal);
        var ingress = cluster.Kubectl("get", "pod", "-n", "kube-system", "-l", "app.kubernetes.io/name=fairlead-ingress", "-o", "jsonpath={.items[*].status.podIP}");
        Assert.Contains(((string)answer["client"]!).Split(':')[0], ingress.Split(' '));

        cluster.Kubectl("wait", "--for=jsonpath={.status.loadBalancer.ingress[0].ip}", $"ingress/{name}", "--timeout=120s");
        Assert.Contains(IngressFixture.Address, cluster.Kubectl("get", "ingress", name), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pod_is_told_the_address_of_who_asks_and_not_what_he_says_of_himself()
    {
        var (code, said, error) = ClusterFixture.Until(
            () => cluster.Outside(
                "curl", "-sS", "--max-time", "5", "-w", "%{stderr}%{http_code}", "-H", "Host: told.example", "-H", "X-Forwarded-For: 192.0.2.9", $"http://{IngressFixture.Address}/"),
            seen => seen.Error == "200");
        Assert.Equal((0, "172.30.0.1", "200"), (code, said, error));
    }

    [Fact]
    public void A_host_that_no_Ingress_names_is_not_found() => cluster.AskHost("nobody.example", 404);

    [Fact]
    public void Status_says_where_and_nothing_of_it_is_a_stand_in()
    {
        cluster.WhenReady();
        var ingress = JsonNode.Parse(cluster.Fairlead("status", "--name", cluster.Name, "-o", "json"))!["ingress"]!;
        Assert.Equal($"running {IngressFixture.Address}", $"{ingress["state"]} {ingress["addresses"]![0]}");
        Assert.Contains($"\n  ingress              running  {IngressFixture.Address}\n", cluster.Fairlead("status", "--name", cluster.Name), StringComparison.Ordinal);
        Assert.DoesNotContain("not run", cluster.Kubectl("get", "events", "-n", "kube-system"), StringComparison.Ordinal);
        Assert.Equal("", cluster.Kubectl("get", "ingressclass", "-o", "jsonpath={.items[*].metadata.annotations}"));
    }

    [Fact]
    public void Killed_it_comes_back()
    {
        cluster.AskHost("plain.example");
        using (var process = Process.GetProcessById(Serving()))
        {
            process.Kill();
            process.WaitForExit();
        }

        cluster.AskHost("plain.example");
        Assert.Equal("1", cluster.Kubectl(
            "get", "pod", "-n", "kube-system", "-l", "app.kubernetes.io/name=fairlead-ingress", "-o", "jsonpath={.items[0].status.containerStatuses[0].restartCount}"));
    }

    /// <summary>The process that serves: of those in its pod's network, the one that is no helper of ours.</summary>
    private int Serving()
    {
        var sandbox = cluster.Kubectl(
            "get", "pod", "-n", "kube-system", "-l", "app.kubernetes.io/name=fairlead-ingress", "-o", "jsonpath={.items[0].metadata.name}_{.items[0].metadata.uid}");
        var network = Tool.Run("stat", "-L", "-c", "net:[%i]", $"/run/fairlead/{cluster.Name}/pods/kube-system_{sandbox}/net").Trim();
        return int.Parse(Path.GetFileName(Directory.GetDirectories("/proc").Single(path => int.TryParse(Path.GetFileName(path), out _)
            && Network(path) == network && File.ReadAllText($"{path}/cmdline").Contains("--publish-service", StringComparison.Ordinal))), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string Network(string process)
    {
        try
        {
            return new FileInfo($"{process}/ns/net").LinkTarget ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended since.
            return "";
        }
    }
}
