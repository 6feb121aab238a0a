namespace Fairlead.ClusterTests.Demo;

/// <summary>
/// The demo is able to fail: under each heading a running cluster is broken from outside, in one way, and exactly the checks concerned fail.
/// What is broken is then mended, and all of the heading holds again. An agent mends tables and routes itself, at once: where a table is broken, the
/// node's agent is stopped meanwhile.
/// </summary>
public sealed class SabotageTests(DemoFixture cluster) : IClassFixture<DemoFixture>
{
    private const string Proxy = "fairlead-proxy";

    [Fact]
    public void A_removed_route_of_a_pod_fails_what_goes_to_and_from_that_pod()
    {
        // The pod's only way out, removed where it stands: in the pod's own namespace, which is the pod's to change and nobody's to mend.
        var route = cluster.InPodOf("production", "batch", "ip", "route", "show", "default").Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Broken(
            "network",
            () =>
            {
                cluster.InPodOf("production", "batch", ["ip", "route", "del", .. route]);
                Assert.Empty(cluster.InPodOf("production", "batch", "ip", "route", "show", "default"));
            },
            () => cluster.InPodOf("production", "batch", ["ip", "route", "add", .. route]),
            "every pod that no policy selects → every other one",
            $"a process on {cluster.Nodes[cluster.NodeOf("production", "batch") - 1]} → every pod there");
    }

    [Fact]
    public void A_route_to_nowhere_before_a_pods_own_fails_what_goes_to_that_pod()
    {
        var node = cluster.NodeOf("production", "batch");
        var address = cluster.Field("production", "pod/batch", ".status.podIP");

        // The agent would put back a route of its own that is gone; one of somebody else's before it is nothing of its business.
        Broken(
            "network",
            () => cluster.OnNode(node, "ip", "route", "prepend", "blackhole", $"{address}/32"),
            () => cluster.OnNode(node, "ip", "route", "del", "blackhole", $"{address}/32"),
            "every pod that no policy selects → every other one",
            $"a process on {cluster.Nodes[node - 1]} → every pod there");
    }

    [Fact]
    public void A_missing_map_element_fails_what_goes_through_that_port_of_the_ClusterIP() => BrokenPort80(
        () => Take(Proxy, "services4", $"{ClusterIP("api-service")} . tcp . 80", 1, 2),
        give => give());

    [Fact]
    public void An_edited_targetPort_fails_what_goes_through_that_port_of_the_ClusterIP() => BrokenPort80(
        () =>
        {
            SetTargetPort(8081);
            return () => SetTargetPort(8080);
        },
        give => give());

    [Fact]
    public void A_missing_map_element_fails_what_goes_to_that_nodes_port()
    {
        var give = Nothing;
        Broken(
            "nodeport",
            () => give = Take(Proxy, "services4", $"{NodeIP(2)} . tcp . 30080", 2),
            () => give(),
            $"the host outside → {cluster.Nodes[1]}:30080",
            $"a pod → {cluster.Nodes[1]}:30080");
    }

    [Fact]
    public void A_load_balancer_address_that_nobody_answers_for_fails_what_goes_to_it()
    {
        var give = Nothing;
        Broken(
            "loadbalancer",
            () => give = TakeAnnouncement(),
            () => give(),
            "the host outside → its address, port 80",
            "the host outside → its address, port 443");
    }

    [Fact]
    public void Nobody_who_serves_Ingresses_fails_all_that_is_asked_of_them()
    {
        var asked = Demo("ingress").Tried("ok").Where(tried => tried != "Ingress shop").ToArray();

        Assert.True(asked.Length >= 8);
        Broken("ingress", () => Scale(0), () => Scale(1), asked);

        void Scale(int replicas)
        {
            cluster.Kubectl("scale", "-n", "kube-system", "deployment/fairlead-ingress", $"--replicas={replicas}");
            cluster.Kubectl("rollout", "status", "-n", "kube-system", "deployment/fairlead-ingress", "--timeout=120s");
            cluster.Kubectl("wait", "-n", "kube-system", replicas == 0 ? "--for=delete" : "--for=condition=Ready", "pod", "-l", "app.kubernetes.io/name=fairlead-ingress", "--timeout=120s");
        }
    }

    [Fact]
    public void A_path_that_leads_elsewhere_fails_what_goes_by_it()
    {
        Broken(
            "ingress",
            () => Lead("web-service-nodeport", """{"number": 80}"""),
            () => Lead("api-service", """{"name": "http"}"""),
            "the host outside → http://shop.example/api/orders",
            "12 requests → http://shop.example/api");

        void Lead(string service, string port) => cluster.Kubectl(
            "patch", "ingress", "shop", "--type=json", "-p", $$$"""[{"op":"replace","path":"/spec/rules/0/http/paths/1/backend/service","value":{"name":"{{{service}}}","port":{{{port}}}}}]""");
    }

    [Fact]
    public void An_Ingress_without_its_certificate_fails_what_is_asked_over_TLS() => Broken(
        "ingress",
        () => cluster.Kubectl("patch", "ingress", "shop", "--type=json", "-p", """[{"op":"remove","path":"/spec/tls"}]"""),
        () => cluster.Kubectl(
            "patch", "ingress", "shop", "--type=json", "-p", """[{"op":"add","path":"/spec/tls","value":[{"hosts":["shop.example"],"secretName":"shop-tls"}]}]"""),
        "the host outside → https://shop.example/");

    [Fact]
    public void A_selector_that_matches_nobody_fails_the_headless_names()
    {
        Broken(
            "headless",
            () => Select("nobody"),
            () => Select("postgres"),
            $"a pod on {cluster.Nodes[0]} asks for postgres-headless",
            $"a pod on {cluster.Nodes[1]} asks for postgres-headless",
            "a pod → postgres-0.postgres-headless:5432",
            "a pod → postgres-1.postgres-headless:5432");

        void Select(string app) => cluster.Kubectl("patch", "service", "postgres-headless", "--type=merge", "-p", $$"""{"spec": {"selector": {"app": "{{app}}"} } }""");
    }

    [Fact]
    public void A_closed_DNS_socket_fails_what_is_asked_by_it()
    {
        var (one, other) = (cluster.Listener(1, "10.96.0.10:53"), cluster.Listener(2, "10.96.0.10:53"));
        Broken(
            "dns",
            () =>
            {
                Close(1);
                Close(2);
            },
            () =>
            {
                one.ListenAgain();
                other.ListenAgain();
            },
            "the same over TCP");

        // SOCK_DESTROY (sock_diag(7)): the kernel closes it, whoever holds it.
        void Close(int node)
        {
            cluster.OnNode(node, "ss", "-K", "-tln", "src", "10.96.0.10:53");
            Assert.Empty(cluster.OnNode(node, "ss", "-Htln", "src", "10.96.0.10:53"));
        }
    }

    [Fact]
    public void A_missing_DNS_address_fails_every_question()
    {
        var questions = Demo("dns").Tried("ok").Where(tried => tried != "a pod's resolv.conf").ToArray();

        Assert.True(questions.Length >= 10);
        Broken("dns", () => OnBoth("del"), () => OnBoth("add"), questions);

        void OnBoth(string verb)
        {
            cluster.OnNode(1, "ip", "addr", verb, "10.96.0.10/32", "dev", "lo", "scope", "host");
            cluster.OnNode(2, "ip", "addr", verb, "10.96.0.10/32", "dev", "lo", "scope", "host");
        }
    }

    [Fact]
    public void A_pod_that_somebody_opens_to_everybody_fails_what_must_be_kept_out()
    {
        var give = Nothing;
        Broken(
            "policy",
            () => give = LetEverybodyIn(),
            () => give(),
            "production/web-frontend → production/api-server:9090",
            "monitoring/prometheus → production/api-server:8080",
            "production/batch → production/api-server:8080",
            "default/web → production/api-server:8080",
            "production/batch → api-service:80, the Service");
    }

    [Fact]
    public void An_unanswered_address_and_an_open_verdict_fail_their_takeaways()
    {
        (Action mend, Action close) = (Nothing, Nothing);
        Broken(
            "takeaways",
            () => (mend, close) = (TakeAnnouncement(), LetEverybodyIn()),
            () =>
            {
                mend();
                close();
            },
            "a load balancer: the host outside → web-service-lb's address",
            "zero trust: every pod → production/api-server, ports 8080 and 9090");
    }

    private static void Nothing()
    {
    }

    private void BrokenPort80(Func<Action> sabotage, Action<Action> undo)
    {
        var give = Nothing;
        Broken(
            "clusterip",
            () => give = sabotage(),
            () => undo(give),
            $"a pod on {cluster.Nodes[0]} → api-service:80",
            $"a pod on {cluster.Nodes[1]} → api-service:80",
            "24 connections from a pod → api-service:80",
            $"a process on {cluster.Nodes[0]} → api-service:80");
    }

    /// <summary>Breaks something, requires exit code 1 and exactly these failures, mends it, and requires that all of the heading holds.</summary>
    private void Broken(string heading, Action sabotage, Action undo, params string[] failures)
    {
        DemoResult broken;
        sabotage();
        try
        {
            // Without kubectl: where its pod would run, and so what it would see, is the scheduler's choice.
            broken = cluster.Demo("/nowhere", "--only", heading);
        }
        finally
        {
            undo();
        }

        Assert.Equal(failures.Order(), broken.Tried("FAILED").Order());
        Assert.Equal(1, broken.Code);
        Assert.Empty(Demo(heading).Tried("FAILED"));
    }

    /// <summary>Runs a heading that must hold.</summary>
    private DemoResult Demo(string heading)
    {
        var result = cluster.Demo("/nowhere", "--only", heading);
        Assert.True(result.Code == 0, result.Document);
        return result;
    }

    /// <summary>Takes an element out of a map; what is returned puts it back.</summary>
    private Action Take(string table, string map, string key, params int[] nodes)
    {
        Action give = Nothing;
        Action resume = Nothing;
        foreach (var node in nodes)
        {
            resume += cluster.Freeze(node);
            var listed = cluster.OnNode(node, "nft", "get", "element", "inet", table, map, $"{{ {key} }}");
            var element = listed[(listed.IndexOf("elements = ", StringComparison.Ordinal) + "elements = ".Length)..].Split('\n')[0];
            cluster.OnNode(node, "nft", "delete", "element", "inet", table, map, $"{{ {key} }}");
            give += () => cluster.OnNode(node, "nft", "add", "element", "inet", table, map, element);
        }

        return give + resume;
    }

    /// <summary>The host believes the load balancer's address at a place where nobody is; what is returned lets it ask again.</summary>
    private Action TakeAnnouncement()
    {
        var address = cluster.Field("default", "service/web-service-lb", ".status.loadBalancer.ingress[0].ip");
        var link = cluster.Outside("ip", "-o", "route", "get", address).Output.Split(' ', StringSplitOptions.RemoveEmptyEntries).SkipWhile(word => word != "dev").ElementAt(1);
        Assert.Equal(0, cluster.Outside("ip", "neigh", "replace", address, "lladdr", "02:00:00:00:00:99", "nud", "permanent", "dev", link).Code);
        return () => Assert.Equal(0, cluster.Outside("ip", "neigh", "del", address, "dev", link).Code);
    }

    private Action LetEverybodyIn()
    {
        // The agent puts back a verdict that somebody changed in the kernel; a policy more adds to the others, as the API says.
        cluster.Kubectl(
            """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: everybody, namespace: production}
            spec: {podSelector: {matchLabels: {app: api-server}}, ingress: [{}]}
            """,
            ["apply", "-f", "-"]);
        return () => cluster.Kubectl("delete", "networkpolicy", "everybody", "-n", "production");
    }

    private string ClusterIP(string service) => cluster.Field("default", $"service/{service}", ".spec.clusterIP");

    private string NodeIP(int node) => cluster.Field("default", $"node/{cluster.Nodes[node - 1]}", ".status.addresses[0].address");

    private void SetTargetPort(int port) =>
        cluster.Kubectl("patch", "service", "api-service", "--type=json", "-p", $$"""[{"op":"replace","path":"/spec/ports/0/targetPort","value":{{port}}}]""");
}
