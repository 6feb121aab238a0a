using Fairlead.Cluster.Model;
using Fairlead.Ingress;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Ingress.Translate;

/// <summary>Where a backend's requests may go, or why nowhere.</summary>
public sealed class BackendTests
{
    [Fact]
    public void Endpoints_change_in_place_and_keep_the_order_of_their_addresses()
    {
        using var world = World();
        world.Service("web", 0);
        world.Slice("web", [At("10.0.0.12"), At("10.0.0.2"), At("10.0.0.5") with { Ready = false, Serving = false }]);
        world.Slice("web", [At("10.0.0.3"), At("10.0.0.5")], suffix: "-2");
        Assert.Equal("10.0.0.2:8080,10.0.0.3:8080,10.0.0.5:8080,10.0.0.12:8080", Seen(world));
        var (route, state) = (world.Tables.Routes.Match("a.org", "/")!, world.Tables.Routes.Match("a.org", "/")!.Backend.State);

        world.Slice("web", [At("10.0.0.4") with { Pod = new ObjectKey("shop", "web-4") }], suffix: "-2");
        Assert.Equal("10.0.0.2:8080,10.0.0.4:8080,10.0.0.12:8080", Seen(world));
        Assert.Same(route, world.Tables.Routes.Match("a.org", "/"));
        Assert.Equal(new ObjectKey("shop", "web-4"), route.Backend.State.Endpoints[1].Pod);

        // What changes nothing is no change.
        var now = route.Backend.State;
        world.Slice("web", [At("10.0.0.4") with { Pod = new ObjectKey("shop", "web-4"), Hostname = "x" }], suffix: "-2");
        world.Run();
        Assert.Same(now, route.Backend.State);
        Assert.NotSame(state, now);
    }

    [Fact]
    public void A_backend_stays_the_same_while_an_Ingress_names_it_and_is_counted_by_all_of_them()
    {
        using var world = World();
        world.Service("web");
        world.Run();
        var backend = world.Tables.Routes.Match("a.org", "/")!.Backend;
        world.Put(world.Ingress("other", 1, "b.org", "/") with { Rules = world.Cluster.Ingresses.Get(RoutingWorld.Key("web"))!.Rules, DefaultBackend = RoutingWorld.To("web") });
        world.Put(world.Ingress("web", 1, "a.org", "/", "/new"));
        world.Run();
        Assert.Same(backend, world.Tables.Routes.Match("a.org", "/new")!.Backend);
        Assert.Same(backend, world.Tables.Routes.Default!.Backend);
        Assert.Equal(1, world.Pass.Backends.Count);

        world.Cluster.Ingresses.Delete(RoutingWorld.Key("web"));
        world.Run();
        Assert.Same(backend, world.Tables.Routes.Match("a.org", "/")!.Backend);
        world.Cluster.Ingresses.Delete(RoutingWorld.Key("other"));
        world.Run();
        Assert.Equal((0, 0), (world.Pass.Backends.Count, world.Tables.Routes.Hosts.Count()));
        Assert.Null(world.Tables.Routes.Default);
    }

    [Fact]
    public void Where_none_is_ready_those_that_still_serve_while_they_terminate_are_used()
    {
        using var world = World();
        world.Service("web", 0);
        var leaving = At("10.0.0.1") with { Ready = false, Terminating = true };
        world.Slice("web", [leaving, At("10.0.0.2"), At("10.0.0.3") with { Ready = false }]);
        Assert.Equal("10.0.0.2:8080", Seen(world));
        world.Slice("web", [leaving, At("10.0.0.3") with { Ready = false }]);
        Assert.Equal("10.0.0.1:8080", Seen(world));
        world.Slice("web", [At("10.0.0.3") with { Ready = false }]);
        Assert.Equal("Service shop/web has no endpoint for port 80 that is ready", Seen(world));
        Assert.Equal("", world.Findings("web"));
    }

    [Fact]
    public void Hints_and_a_local_policy_are_seen_from_the_node_and_count_for_nothing_without_one()
    {
        SliceEndpoint[] endpoints =
        [
            At("10.0.0.1") with { NodeName = "n1", ForZones = ["a"] }, At("10.0.0.2") with { NodeName = "n2", ForZones = ["a"] }, At("10.0.0.3") with { ForZones = ["b"] },
        ];
        Assert.Equal("10.0.0.1:8080,10.0.0.2:8080", From("n1", isLocal: false));
        Assert.Equal("10.0.0.3:8080", From("n3", isLocal: false));
        Assert.Equal("10.0.0.1:8080", From("n1", isLocal: true));
        Assert.Equal("Service shop/web has no endpoint for port 80 that is ready on node n3 (internalTrafficPolicy: Local)", From("n3", isLocal: true));
        Assert.Equal("10.0.0.1:8080,10.0.0.2:8080,10.0.0.3:8080", From("", isLocal: false));
        Assert.Equal("10.0.0.1:8080,10.0.0.2:8080,10.0.0.3:8080", From("", isLocal: true));

        string From(string node, bool isLocal)
        {
            using var world = World(node);
            world.Cluster.Nodes.Upsert("n1", Node("n1", "a"));
            world.Cluster.Nodes.Upsert("n3", Node("n3", "b"));
            world.Service("web", 0, service => service with { InternalLocal = isLocal });
            world.Slice("web", endpoints);
            return Seen(world);
        }
    }

    [Fact]
    public void A_node_that_changes_its_zone_sees_other_hints()
    {
        using var world = World("n1");
        world.Service("web", 0);
        world.Slice("web", [At("10.0.0.1") with { ForZones = ["a"] }, At("10.0.0.2") with { ForZones = ["b"] }]);
        Assert.Equal("10.0.0.1:8080,10.0.0.2:8080", Seen(world));
        world.Cluster.Nodes.Upsert("n1", Node("n1", "b"));
        Assert.Equal("10.0.0.2:8080", Seen(world));
    }

    [Fact]
    public void Of_two_families_the_Services_first_is_used_where_it_has_endpoints()
    {
        using var world = World();
        world.Service("web", 1, service => service with { ClusterIPs = [IpAddr.Parse("fd00::1"), IpAddr.Parse("10.96.0.1")] });
        Assert.Equal("10.0.0.1:8080", Seen(world));
        world.Slice("web", [At("fd00:1::1")], IpFamily.V6, "-v6");
        Assert.Equal("[fd00:1::1]:8080", Seen(world));
    }

    [Theory]
    [InlineData("", 80, "10.0.0.1:8080")]
    [InlineData("http", 0, "10.0.0.1:8080")]
    [InlineData("dns", 0, "port dns of Service shop/web is UDP: HTTP goes over TCP alone")]
    [InlineData("", 53, "port 53 of Service shop/web is UDP: HTTP goes over TCP alone")]
    [InlineData("", 81, "Service shop/web has no port 81; it has 80 (http), 53 (dns)")]
    [InlineData("https", 0, "Service shop/web has no port https; it has 80 (http), 53 (dns)")]
    public void A_port_is_found_by_number_or_name(string name, ushort number, string seen)
    {
        using var world = World();
        world.Service("web", 1, service => service with { Ports = [.. service.Ports, new ServicePort("dns", IpProtocol.Udp, 53, 0, "53", "")] });
        world.Put(world.Ingress("web", 1, "a.org") with { Rules = [new IngressRule("a.org", [new IngressPath("/", PathType.Prefix, new IngressBackend("web", name, number))])] });
        Assert.Equal(seen, Seen(world));
        Assert.Equal(seen.StartsWith("10.", StringComparison.Ordinal) ? "" : $"PortMissing: {seen}: requests are answered 503", world.Findings("web"));
    }

    [Fact]
    public void A_named_port_has_the_number_that_each_slice_gives_it()
    {
        using var world = World();
        world.Service("web");
        var key = RoutingWorld.Key("web");
        world.Cluster.EndpointSlices.Upsert(key with { Name = "web-2" }, new EndpointSliceRow
        {
            Key = key with { Name = "web-2" },
            Service = key,
            Ports = [new EndpointPort("http", IpProtocol.Tcp, 9090), new EndpointPort("http", IpProtocol.Udp, 9191), new EndpointPort("admin", IpProtocol.Tcp, 9292)],
            Endpoints = [At("10.0.0.2")],
        });
        Assert.Equal("10.0.0.1:8080,10.0.0.2:9090", Seen(world));
    }

    [Fact]
    public void What_is_no_Service_is_said_to_whom_names_it_until_there_is_one()
    {
        using var world = World();
        Assert.Equal("Service shop/web does not exist", Seen(world));
        Assert.Equal("BackendMissing: Service shop/web does not exist: requests are answered 503", world.Findings("web"));
        world.Service("web", 1, service => service with { Type = ServiceType.ExternalName, ExternalName = "example.org" });
        Assert.Equal("Service shop/web is an ExternalName: only Services with endpoints are served", Seen(world));
        world.Service("web", 1, service => service with { Ports = [service.Ports[0] with { AppProtocol = "kubernetes.io/h2c" }] });
        Assert.Equal("10.0.0.1:8080", Seen(world));
        Assert.Equal("", world.Findings("web"));
        Assert.Equal("kubernetes.io/h2c", world.Tables.Routes.Match("a.org", "/")!.Backend.State.Protocol);
        world.Cluster.Services.Delete(RoutingWorld.Key("web"));
        Assert.Equal("Service shop/web does not exist", Seen(world));
    }

    [Fact]
    public void A_resource_is_not_served_and_the_paths_beside_it_are()
    {
        using var world = new RoutingWorld().Apply("""
            kind: Ingress
            metadata: {name: web, namespace: shop}
            spec:
              ingressClassName: fairlead
              rules:
              - host: a.org
                http:
                  paths:
                  - {path: /static, pathType: Prefix, backend: {resource: {apiGroup: example.org, kind: Bucket, name: icons}}}
                  - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
            """);
        world.Service("web");
        world.Run();
        Assert.Equal("Bucket/icons is no Service: nothing else is served", world.Endpoints("a.org", "/static"));
        Assert.Equal("BackendMissing: Bucket/icons is no Service: nothing else is served: requests are answered 503", world.Findings("web"));
        Assert.Equal("10.0.0.1:8080", world.Endpoints("a.org", "/x"));
    }

    private static RoutingWorld World(string node = "")
    {
        var world = new RoutingWorld(new IngressOptions { NodeName = node });
        world.Ingress("web", 1, "a.org", "/");
        return world;
    }

    private static string Seen(RoutingWorld world) => world.Run().Endpoints("a.org", "/");

    private static SliceEndpoint At(string address) => new() { Address = IpAddr.Parse(address) };

    private static NodeRow Node(string name, string zone) => new() { Name = name, Labels = Labels.From([new("topology.kubernetes.io/zone", zone)]) };
}
