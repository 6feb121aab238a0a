using Fairlead.Explain.Reach;
using Fairlead.Terminal;

namespace Fairlead.Tests.Explain;

public sealed class ReachExplainerTests
{
    [Fact]
    public void Every_step_of_a_way_that_is_open_is_told_in_its_order()
    {
        var world = new ReachWorld(ReachWorld.Api()).Listening("api-1", ("0.0.0.0", 8080)).Listening("api-2", ("::", 8080));

        Assert.Equal(
            """
            default/front (10.244.1.2, node n1) → svc/api.shop:80/TCP (10.96.1.1)
              ✓ dns       the cluster's DNS, 10.96.0.10: no policy isolates default/front for egress
              ✓ name      api.shop is api.shop.svc.cluster.local: 10.96.1.1
              ✓ service   Service shop/api accepts at 10.96.1.1:80/tcp (cluster address), port 80/TCP (web), and leads to targetPort 8080
              ✓ endpoints 2 of 2 endpoints used on node n1: 10.244.1.3:8080 (shop/api-1), 10.244.2.3:8080 (shop/api-2)
              → 10.244.1.3:8080 pod shop/api-1
                ✓ route     pod shop/api-1 is on the same node, n1
                ✓ egress    no policy isolates default/front for egress
                ✓ ingress   no policy isolates shop/api-1 for ingress
                ✓ listener  pod shop/api-1 listens on 8080/TCP
              → 10.244.2.3:8080 pod shop/api-2
                ✓ route     from node n1 to node n2, whose pods have 10.244.2.0/24
                ✓ egress    no policy isolates default/front for egress
                ✓ ingress   no policy isolates shop/api-2 for ingress
                ✓ listener  pod shop/api-2 listens on 8080/TCP
            default/front can reach svc/api.shop:80/TCP: 2 of 2 endpoints
            """,
            world.Text("front", "svc/api.shop:80"));
    }

    [Theory]
    [InlineData("selector: {app: apo}", "its selector app=apo matches no pod of namespace shop", "nearest: pod shop/api-1 has app=api")]
    [InlineData("selector: {app: api, tier: db}", "its selector app=api,tier=db matches no pod of namespace shop", "nearest: pod shop/api-1 has no label tier")]
    public void A_selector_that_matches_no_pod_is_named_with_what_it_misses(string selector, string reason, string nearest)
    {
        var step = Failing(ReachWorld.Api(endpoints: "").Replace("selector: {app: api}", selector, StringComparison.Ordinal), "svc/api.shop:80");

        Assert.Equal(("endpoints", "the Service has no endpoint for this port: connections are refused"), (step.What, step.Words));
        Assert.Equal([reason, nearest], step.Notes);
    }

    [Fact]
    public void A_targetPort_name_that_no_pod_has_is_named_with_those_that_there_are()
    {
        var step = Failing(ReachWorld.Api(port: "name: web, port: 80, targetPort: htp", endpoints: ""), "svc/api.shop:web");

        Assert.Equal(["targetPort htp is the name of no TCP port of the pods that its selector matches (they declare http=8080/TCP)"], step.Notes);
    }

    [Fact]
    public void Endpoints_none_of_which_is_ready_are_named()
    {
        var step = Failing(ReachWorld.Api(endpoints: ReachWorld.First.Replace("true", "false", StringComparison.Ordinal)), "svc/api.shop");

        Assert.Equal(["10.244.1.3:8080 pod shop/api-1: not ready"], step.Notes);
    }

    [Fact]
    public void A_traffic_policy_that_leaves_no_endpoint_drops()
    {
        var world = new ReachWorld(ReachWorld.Api("internalTrafficPolicy: Local", endpoints: ReachWorld.Second));

        Assert.Equal("none on node n1, and internalTrafficPolicy is Local: packets are dropped", world.One("front", "svc/api.shop").Failing!.Words);
        Assert.Equal(ReachVerdict.Reachable, world.One("api-2.shop", "svc/api.shop").Verdict);
    }

    [Fact]
    public void A_wrong_targetPort_shows_at_the_listener()
    {
        var world = new ReachWorld(ReachWorld.Api(port: "name: web, port: 80, targetPort: 9999", slicePort: "name: web, port: 9999"))
            .Listening("api-1", ("0.0.0.0", 8080)).Listening("api-2", ("0.0.0.0", 8080));

        Assert.Equal("nothing in pod shop/api-1 listens on 9999/TCP; it listens on 8080/TCP", world.One("front", "svc/api.shop").Failing!.Words);
    }

    [Fact]
    public void A_program_that_listens_on_loopback_alone_is_told_from_one_that_listens()
    {
        var world = new ReachWorld(ReachWorld.Api()).Listening("api-1", ("127.0.0.1", 8080)).Listening("api-2", ("10.244.2.3", 8080));
        var told = world.One("front", "svc/api.shop");

        Assert.Equal((ReachVerdict.Partly, 1), (told.Verdict, told.ReachableEndpoints));
        Assert.Equal("pod shop/api-1 listens on 127.0.0.1:8080/TCP only, not on 10.244.1.3: the program must bind every address", told.Failing!.Words);
        Assert.StartsWith("default/front reaches svc/api.shop:80/TCP only now and then: 1 of 2 endpoints; listener: ", told.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_seen_is_said_to_be_unknown()
    {
        var told = new ReachWorld("").One("front", "api-1.shop:8081");

        Assert.Equal("default/front can reach shop/api-1:8081/TCP, as far as can be told from here (not known: listener)", told.Sentence);
        Assert.Equal(
            "whether anything listens on 8081/TCP cannot be seen from here; the pod declares 8080/TCP, not this: is the port right?", told.Endpoints[0].Steps[^1].Words);
    }

    [Fact]
    public void A_port_that_is_the_targetPort_is_told_from_the_Services_own()
    {
        Assert.Equal(
            "Service shop/api has no port 8080/TCP: it has 80/TCP (web); 8080 is the targetPort of port 80: that is the one to call",
            Failing(ReachWorld.Api(), "svc/api.shop:8080").Words);
        Assert.Equal("Service shop/api has no port 80/UDP: it has 80/TCP (web); the protocol is another", Failing(ReachWorld.Api(), "svc/api.shop:80/udp").Words);
        Assert.Equal("Service shop/api has no port http: it has 80/TCP (web)", Failing(ReachWorld.Api(), "svc/api.shop:http").Words);
        Assert.Equal("Service shop/api has no port 81/TCP: it has 80/TCP (web)", Failing(ReachWorld.Api(), "10.96.1.1:81").Words);
    }

    [Fact]
    public void An_egress_policy_that_forgets_the_DNS_stops_the_name_before_anything_else()
    {
        const string OnlyToShop =
            """
            ---
            {kind: NetworkPolicy, metadata: {name: to-shop, namespace: default}, spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop} } }]}]} }
            """;
        var world = new ReachWorld(ReachWorld.Api() + "\n" + OnlyToShop);
        var told = world.One("front", "svc/api.shop:80");

        Assert.Equal(ReachVerdict.Unreachable, told.Verdict);
        Assert.Equal("dns", told.Failing!.What);
        Assert.Contains("default/front is isolated by NetworkPolicy default/to-shop, and no rule allows UDP 53 to 10.96.0.10 (the cluster's DNS)", told.Failing.Words, StringComparison.Ordinal);

        // By its address the Service is reached: the rule that lets it is named.
        var byAddress = world.One("front", "10.96.1.1:80");
        Assert.Equal(ReachVerdict.Reachable, byAddress.Verdict);
        Assert.Equal("spec.egress[0].to[0]", byAddress.Endpoints[0].Steps[1].Path);
    }

    [Fact]
    public void The_nearest_rule_and_the_mistakes_of_the_objects_on_the_way_are_told()
    {
        const string AgainstTheServicesPort =
            """
            ---
            {kind: NetworkPolicy, metadata: {name: web, namespace: shop}, spec: {podSelector: {matchLabels: {app: api} }, ingress: [{from: [{namespaceSelector: {} }], ports: [{port: 80}]}]} }
            """;
        var text = new ReachWorld(ReachWorld.Api() + "\n" + AgainstTheServicesPort).Text("front", "svc/api.shop:80");

        Assert.Contains("nearest: NetworkPolicy shop/web spec.ingress[0]", text, StringComparison.Ordinal);
        Assert.Contains("\nlooks like: NetworkPolicy shop/web spec.ingress[0].ports[0]", text, StringComparison.Ordinal);
        Assert.Contains("(policy-service-port)", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_endpoint_is_judged_by_the_policies_of_its_own_pod()
    {
        const string FirstAlone =
            """
            ---
            {kind: Pod, metadata: {name: api-2, namespace: shop, labels: {app: api, shut: y} }, spec: {nodeName: n2, containers: [{name: c}]}, status: {podIP: 10.244.2.3} }
            ---
            {kind: NetworkPolicy, metadata: {name: shut, namespace: shop}, spec: {podSelector: {matchLabels: {shut: y} }, ingress: [{from: [{podSelector: {} }]}]} }
            """;
        var told = new ReachWorld(ReachWorld.Api() + "\n" + FirstAlone).One("front", "svc/api.shop");

        Assert.Equal([true, false], told.Endpoints.Select(endpoint => endpoint.IsReachable));
        Assert.Equal("shop/api-2 is isolated by NetworkPolicy shop/shut, and no rule allows TCP 8080 from pod default/front", told.Failing!.Words);
    }

    [Theory]
    [InlineData("type: LoadBalancer, externalTrafficPolicy: Cluster", "outside", true, "172.30.0.11")]
    [InlineData("type: LoadBalancer, externalTrafficPolicy: Local", "outside", true, "172.30.0.1")]
    [InlineData("type: LoadBalancer, loadBalancerSourceRanges: [192.0.2.0/24]", "outside", false, "")]
    [InlineData("type: LoadBalancer, loadBalancerSourceRanges: [192.0.2.0/24]", "192.0.2.9", true, "172.30.0.11")]
    public void From_outside_the_source_ranges_and_the_traffic_policy_count(string service, string from, bool reached, string client)
    {
        var told = new ReachWorld(ReachWorld.Api(service)).One(from, "svc/api.shop:80");

        Assert.Equal(reached, told.Verdict == ReachVerdict.Reachable);
        Assert.True(reached ? told.Endpoints.All(endpoint => endpoint.Client == client) : told.Failing!.Words.Contains("loadBalancerSourceRanges", StringComparison.Ordinal));
    }

    [Fact]
    public void A_node_port_is_tried_at_each_node_and_Local_drops_where_no_endpoint_is()
    {
        var all = new ReachWorld(ReachWorld.Api("type: NodePort, externalTrafficPolicy: Local", "name: web, port: 80, nodePort: 30080, targetPort: 8080", endpoints: ReachWorld.First))
            .Explain("outside", "svc/api.shop");

        Assert.Equal([ReachVerdict.Reachable, ReachVerdict.Unreachable], all.Select(one => one.Verdict));
        Assert.Equal("none on node n2, and externalTrafficPolicy is Local: packets are dropped", all[1].Failing!.Words);
        Assert.Equal("svc/api.shop at 172.30.0.12:30080/TCP", all[1].Target);
    }

    [Fact]
    public void A_cluster_address_is_not_reached_from_outside()
    {
        Assert.Contains("it is of type ClusterIP", Failing(ReachWorld.Api(), "svc/api.shop", "outside").Words, StringComparison.Ordinal);
        Assert.Equal("10.96.1.1 is the cluster address of Service shop/api: only nodes and pods of the cluster reach it", Failing(ReachWorld.Api(), "10.96.1.1:80", "outside").Words);
        Assert.Equal("10.244.1.3 is a pod's address: the outside has no route to it", Failing("", "api-1.shop", "outside").Words);
    }

    [Fact]
    public void A_host_port_leads_to_its_pod()
    {
        const string Ported = "{kind: Pod, metadata: {name: ported, namespace: shop}, spec: {nodeName: n2, containers: [{name: c, ports: [{containerPort: 8443, hostPort: 443}]}]}, status: {podIP: 10.244.2.7} }";
        var told = new ReachWorld(Ported).One("front", "node/n2:443");

        Assert.Equal("10.244.2.7:8443", Assert.Single(told.Endpoints).Endpoint);
        Assert.Equal("172.30.0.12:443/tcp is the host port of pod shop/ported, port 8443", told.Steps[0].Words);
    }

    [Fact]
    public void A_headless_Service_translates_no_port()
    {
        var headless = ReachWorld.Api().Replace("clusterIP: 10.96.1.1, clusterIPs: [10.96.1.1]", "clusterIP: None", StringComparison.Ordinal);
        var world = new ReachWorld(headless).Listening("api-1", ("0.0.0.0", 8080)).Listening("api-2", ("0.0.0.0", 8080));

        Assert.Equal("nothing in pod shop/api-1 listens on 80/TCP; it listens on 8080/TCP", world.One("front", "svc/api.shop").Failing!.Words);
        Assert.Equal(ReachVerdict.Reachable, world.One("front", "svc/api.shop:8080").Verdict);
    }

    [Fact]
    public void What_is_missing_is_named_with_what_has_nearly_its_name()
    {
        var world = new ReachWorld(ReachWorld.Api());

        Assert.Equal(("there is no pod fornt in namespace default", "did you mean front?"), Error(world, "fornt", "svc/api.shop"));
        Assert.Equal(("there is no Service api in namespace default", "there is api.shop"), Error(world, "front", "svc/api"));
        Assert.Equal(("there is no pod apo in namespace shop", "did you mean api-1?"), Error(world, "front", "apo.shop:80"));
        Assert.Equal("Service shop/api opens no connections", Error(world, "svc/api.shop", "front:1").Message);
        Assert.Equal("pod default/front declares no ports: name one, front.default:PORT", Assert.Throws<FormatException>(() => world.Explain("api-1.shop", "front")).Message);
    }

    private static (string Message, string Hint) Error(ReachWorld world, string from, string to)
    {
        var error = Assert.Throws<UserError>(() => world.Explain(from, to));
        return (error.Message, error.Hint);
    }

    private static ReachStep Failing(string documents, string to, string from = "front")
    {
        var told = new ReachWorld(documents).One(from, to);
        Assert.Equal(ReachVerdict.Unreachable, told.Verdict);
        return told.Failing!;
    }
}
