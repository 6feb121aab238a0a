using System.Text.Json.Nodes;
using CsCheck;
using Fairlead.ControlPlane.Controllers.Endpoints;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.Tests.Controllers;

/// <summary>Zone hints of <c>topology-mode: Auto</c> (KEP-2433; features.md §1.1, row 33).</summary>
public sealed class TopologyHintsTests
{
    private const string Service = """
        { "metadata": { "name": "web", "annotations": { "service.kubernetes.io/topology-mode": "Auto" } },
          "spec": { "clusterIP": "10.96.7.7", "selector": { "app": "web" }, "ports": [ { "port": 80 } ] } }
        """;

    // Zones of the endpoints, processors of the zones => zones they serve. What is expected was worked out by hand from the KEP's rules.
    [Theory]
    [InlineData("a b", "a=1 b=1", "a b")]
    [InlineData("a a a b", "a=1 b=1", "b a a b")]
    [InlineData("a a a a a b", "a=1 b=1", "b b a a a b")]
    [InlineData("a a a a", "a=1 b=1", "b b a a")]
    [InlineData("a a b b c c", "a=1 b=1 c=1", "a a b b c c")]
    [InlineData("a a a b b b", "a=2 b=1", "a a a a b b")]
    [InlineData("a a a b c c", "a=1 b=1 c=1", "b a a b c c")]
    [InlineData("a a b b b b", "a=1 b=1", "a a a b b b")]
    [InlineData("a b b z", "a=1 b=1", "a b b z")]
    public void Each_zone_is_served_by_its_part_of_the_endpoints_from_within_it_where_possible(string endpoints, string processors, string hints)
    {
        var (zones, problem) = TopologyHints.For(endpoints.Split(' '), Shares(processors));
        Assert.Equal("", problem);
        Assert.Equal(hints, string.Join(' ', zones));
    }

    [Theory]
    [InlineData("a", "a=1 b=1", "Insufficient number of endpoints (1 endpoints, 2 zones)")]
    [InlineData("a b b", "a=1 b=1", "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 2 zones)")]
    [InlineData("a a b b c", "a=1 b=1 c=1", "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (5 endpoints, 3 zones)")]
    [InlineData("a a b b b", "a=1 b=1", "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (5 endpoints, 2 zones)")]
    [InlineData("a b", "a=10 b=1", "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (2 endpoints, 2 zones)")]
    [InlineData("a,", "a=1 b=1", "One or more endpoints do not have a zone specified")]
    [InlineData("a a", "a=1", "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes")]
    [InlineData("a b", "a=1 b=1 =1", "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes")]
    [InlineData("a b", "a=1 b=1 c=0", "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes")]
    public void None_has_a_hint_where_an_endpoint_would_get_a_fifth_too_much_or_something_is_not_known(string endpoints, string processors, string problem)
    {
        var (zones, found) = TopologyHints.For(endpoints.Split(' ', ','), Shares(processors));
        Assert.Equal(problem, found);
        Assert.Empty(zones);
    }

    [Fact]
    public void Nodes_that_are_not_Ready_or_of_the_control_plane_have_no_part()
    {
        var shares = ZoneShares.Of(
        [
            Node("a", "z1", "3500m"), Node("b", "z2", "500m"), Node("c", "z3", "4") with { Ready = "False" },
            Make.Node("d", labels: """, "node-role.kubernetes.io/control-plane": "" """),
        ]).Shares!;
        Assert.Equal([("z1", 0.875), ("z2", 0.125)], shares.OrderBy(pair => pair.Key).Select(pair => (pair.Key, pair.Value)));
    }

    [Fact]
    public void Only_zones_with_too_many_endpoints_give_and_none_takes_more_than_its_part() =>
        Gen.Select(Gen.Int[0, 3].Array[1, 40], Gen.Int[1, 16].Array[2, 4]).Sample((places, processors) =>
        {
            var names = Enumerable.Range(0, processors.Length).Select(i => $"z{i}").ToArray();
            var shares = Shares(string.Join(' ', processors.Select((count, i) => $"z{i}={count}")));
            var endpoints = places.Select(place => names[place % names.Length]).ToArray();
            var (hints, problem) = TopologyHints.For(endpoints, shares);
            Assert.Equal(problem.Length == 0 ? endpoints.Length : 0, hints.Count);
            foreach (var (zone, share) in shares.Shares!.Where(_ => problem.Length == 0))
            {
                var (own, serving, fair) = (endpoints.Count(place => place == zone), hints.Count(hint => hint == zone), share * endpoints.Length);
                Assert.InRange(serving, Math.Min(own, fair - 0.5), Math.Max(own, fair + 1.5));
            }
        }, iter: 2000);

    [Fact]
    public void Only_ready_endpoints_have_hints_and_they_replace_trafficDistribution()
    {
        var service = ServiceInfo.Read(Make.Document(Service.Replace("\"clusterIP\"", "\"trafficDistribution\": \"PreferSameNode\", \"clusterIP\"", StringComparison.Ordinal)));
        Assert.Equal((true, ""), (service.TopologyAuto, service.TrafficDistribution));
        var nodes = new[] { Node("n1", "z1", "2"), Node("n2", "z2", "2") };
        var pods = new[] { Make.Pod("a"), Make.Pod("b", "10.244.1.5", "n2"), Make.Pod("c", "10.244.1.6", "n2", ready: false) };
        var plan = SlicePlan.For(service, pods, name => nodes.Single(node => node.Name == name), [], ZoneShares.Of(nodes));
        Assert.Equal(["z1", "z2", ""], Assert.Single(plan.Write).Addresses.Select(address => string.Join(',', address.ForZones)));
        Assert.All(plan.Write[0].Addresses, address => Assert.Empty(address.ForNodes));
        Assert.Equal([new HintOutcome("IPv4", "")], plan.Hints);
    }

    [Theory]
    [InlineData("topology-mode", "Auto", true)]
    [InlineData("topology-mode", "auto", true)]
    [InlineData("topology-mode", "AUTO", false)]
    [InlineData("topology-mode", "Disabled", false)]
    [InlineData("topology-aware-hints", "Auto", true)]
    [InlineData("topology-aware-hints", "Disabled\", \"service.kubernetes.io/topology-mode\": \"Auto", false)]
    public void Either_annotation_asks_for_hints_the_older_one_before_the_newer(string annotation, string value, bool auto) => Assert.Equal(
        auto, Make.Service(meta: $$""", "annotations": { "service.kubernetes.io/{{annotation}}": "{{value}}" } """).TopologyAuto);

    [Fact]
    public async Task Hints_come_with_processors_and_go_with_the_annotation_and_both_are_said()
    {
        await using var cluster = await ControlledCluster.StartAsync();
        cluster.PlayNodes();
        foreach (var node in (string[])["n1", "n2"])
        {
            await cluster.StatusAsync(ResourceTypes.Nodes, "", node, """{ "allocatable": { "cpu": "0" } }""");
        }

        await cluster.CreateAsync(ResourceTypes.Services, "default", Service);
        foreach (var node in (string[])["n1", "n2"])
        {
            await cluster.CreateAsync(ResourceTypes.Pods, "default", $$"""
                { "metadata": { "name": "on-{{node}}", "labels": { "app": "web" } },
                  "spec": { "nodeName": "{{node}}", "containers": [ { "name": "c", "image": "i" } ] } }
                """);
        }

        await UntilSaidAsync(cluster, "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, addressType: IPv4");
        foreach (var node in (string[])["n1", "n2"])
        {
            await cluster.StatusAsync(ResourceTypes.Nodes, "", node, """{ "allocatable": { "cpu": "2" } }""");
        }

        await UntilSaidAsync(cluster, "Topology Aware Hints has been enabled, addressType: IPv4");
        await UntilHintedAsync(cluster, "z1 z2");
        await cluster.PatchAsync(
            ResourceTypes.Services, "default", "web", """{ "metadata": { "annotations": { "service.kubernetes.io/topology-mode": null } } }""");
        await UntilHintedAsync(cluster, " ");
        await UntilSaidAsync(cluster, "Topology Aware Hints has been disabled, addressType: IPv4");
    }

    private static Task<IReadOnlyList<JsonObject>> UntilSaidAsync(ControlledCluster cluster, string message) =>
        cluster.UntilAsync(ResourceTypes.Events, "default", items => items.Any(item => item.Text("message") == message));

    private static Task<IReadOnlyList<JsonObject>> UntilHintedAsync(ControlledCluster cluster, string hints) => cluster.UntilAsync(ResourceTypes.EndpointSlices, "default", items =>
        hints == string.Join(' ', items.SelectMany(item => item.Objects("endpoints"))
            .Select(endpoint => string.Join(',', endpoint.Objects("hints", "forZones").Select(zone => zone.Text("name")))).Order(StringComparer.Ordinal)));

    private static ZoneShares Shares(string processors) => ZoneShares.Of(processors.Split(' ').Select((text, index) =>
        Node($"n{index}", text.Split('=')[0], text.Split('=')[1])));

    private static NodeInfo Node(string name, string zone, string cpu)
    {
        var node = NodeInfo.Read(Make.Document($$"""
            { "metadata": { "name": "{{name}}", "labels": { "topology.kubernetes.io/zone": "{{zone}}" } },
              "status": { "allocatable": { "cpu": "{{cpu}}" }, "conditions": [ { "type": "Ready", "status": "True" } ] } }
            """));
        return node;
    }
}
