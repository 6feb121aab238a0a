using System.Globalization;
using CsCheck;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Controllers.Endpoints;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Controllers;

public sealed class SlicePlanTests
{
    private const string Deleted = """, "deletionTimestamp": "2026-05-01T12:00:00Z" """;

    // ready, terminating, publishNotReady => conditions ready, serving, terminating
    [Theory]
    [InlineData(true, false, false, true, true, false)]
    [InlineData(false, false, false, false, false, false)]
    [InlineData(true, true, false, false, true, true)]
    [InlineData(false, true, false, false, false, true)]
    [InlineData(false, false, true, true, false, false)]
    [InlineData(false, true, true, true, false, true)]
    public void Conditions_follow_from_readiness_termination_and_publishNotReadyAddresses(
        bool podReady, bool terminating, bool publish, bool ready, bool serving, bool ends)
    {
        var service = Make.Service($$""" "publishNotReadyAddresses": {{(publish ? "true" : "false")}}, "ports": [ { "port": 80 } ] """);
        var endpoint = Assert.Single(One(Plan(service, Make.Pod("a", ready: podReady, meta: terminating ? Deleted : ""))).Addresses);
        Assert.Equal((ready, serving, ends), (endpoint.Ready, endpoint.Serving, endpoint.Terminating));
    }

    [Fact]
    public void Pods_without_address_and_finished_pods_are_left_out_and_one_empty_slice_remains()
    {
        var write = One(Plan(Make.Service(), Make.Pod("a", ip: ""), Make.Pod("b", phase: "Succeeded"), Make.Pod("c", phase: "Failed")));
        Assert.Empty(write.Addresses);
        Assert.Empty(write.Ports);
        Assert.Null(write.Existing);
    }

    [Fact]
    public void A_placeholder_that_is_there_is_not_written_again()
    {
        var placeholder = Stored(One(Plan(Make.Service())), "web-1");
        var plan = SlicePlan.For(Make.Service(), [], _ => null, [placeholder]);
        Assert.Empty(plan.Write);
        Assert.Empty(plan.Delete);
    }

    [Fact]
    public void A_named_targetPort_is_each_pods_own_number_and_a_pod_without_it_lacks_that_port_only()
    {
        var service = Make.Service(""" "ports": [ { "name": "http", "port": 80, "targetPort": "web" }, { "name": "admin", "port": 81, "targetPort": 9000 } ] """);
        var plan = Plan(
            service,
            Make.Pod("a", spec: Ports("web", 8080)),
            Make.Pod("b", ip: "10.244.0.6", spec: Ports("web", 8081)),
            Make.Pod("c", ip: "10.244.0.7", spec: Ports("web", 53, "UDP")),
            Make.Pod("d", ip: "10.244.0.8", spec: """, "initContainers": [ { "restartPolicy": "Always", "ports": [ { "name": "web", "containerPort": 8080 } ] } ] """));
        var byPorts = plan.Write.ToDictionary(
            write => string.Join(' ', write.Ports.Select(port => $"{port.Name}:{port.Port}")), write => string.Join(' ', write.Addresses.Select(address => address.Pod.Name)));
        Assert.Equal(
            new Dictionary<string, string> { ["http:8080 admin:9000"] = "a d", ["http:8081 admin:9000"] = "b", ["admin:9000"] = "c" }, byPorts);
    }

    [Fact]
    public void The_application_protocol_of_a_port_is_its_slices_and_Endpoints_too()
    {
        var service = Make.Service(""" "ports": [ { "name": "a", "port": 80, "appProtocol": "kubernetes.io/h2c" }, { "name": "b", "port": 81 } ] """);
        var write = One(Plan(service, Make.Pod("a")));
        var owner = new OwnerReference("v1", "Service", "web", "uid-web", true, true);
        var slice = SliceJson.Write(write, "default", "web-", SlicePlan.LabelsFor(service), owner, Make.Start);
        var (subsets, _) = EndpointsPlan.For(service, [Make.Pod("a")]);
        foreach (var ports in new[] { slice["ports"]!, subsets[0]!["ports"]! })
        {
            Assert.Equal(["a kubernetes.io/h2c", "b "], ports.AsArray().Select(port => $"{port!["name"]} {port["appProtocol"]}").Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Slices_say_whose_they_are()
    {
        var service = Make.Service(meta: """, "labels": { "team": "shop" } """) with { IsHeadless = true };
        var labels = SlicePlan.LabelsFor(service);
        Assert.Equal("web", labels["kubernetes.io/service-name"]);
        Assert.Equal("endpointslice-controller.k8s.io", labels["endpointslice.kubernetes.io/managed-by"]);
        Assert.Equal("", labels["service.kubernetes.io/headless"]);
        Assert.Equal("shop", labels["team"]);
    }

    [Fact]
    public void An_endpoint_carries_node_zone_pod_and_the_hostname_only_under_its_subdomain()
    {
        var plan = SlicePlan.For(
            Make.Service(),
            [Make.Pod("a", spec: """, "hostname": "alpha", "subdomain": "web" """), Make.Pod("b", ip: "10.244.0.6", spec: """, "hostname": "beta", "subdomain": "db" """)],
            name => Make.Node(name, labels: """, "topology.kubernetes.io/zone": "z1" """),
            []);
        var (a, b) = (One(plan).Addresses[0], One(plan).Addresses[1]);
        Assert.Equal(("n1", "z1", new ObjectKey("default", "a"), "uid-a", "alpha"), (a.NodeName, a.Zone, a.Pod, a.PodUid, a.Hostname));
        Assert.Equal("", b.Hostname);
    }

    [Theory]
    [InlineData("PreferClose", "z1", "")]
    [InlineData("PreferSameZone", "z1", "")]
    [InlineData("PreferSameNode", "z1", "n1")]
    [InlineData("", "", "")]
    public void Traffic_distribution_becomes_hints(string distribution, string zones, string nodes)
    {
        var service = Make.Service() with { TrafficDistribution = distribution };
        var plan = SlicePlan.For(service, [Make.Pod("a")], name => Make.Node(name, labels: """, "topology.kubernetes.io/zone": "z1" """), []);
        var endpoint = One(plan).Addresses[0];
        Assert.Equal((zones, nodes), (string.Join(',', endpoint.ForZones), string.Join(',', endpoint.ForNodes)));
    }

    [Fact]
    public void Each_family_of_a_dual_stack_Service_has_its_own_slices()
    {
        var service = Make.Service() with { Families = [IpFamily.V4, IpFamily.V6] };
        var pod = Make.Pod("a") with { IPs = [IpAddr.Parse("10.244.0.5"), IpAddr.Parse("fd00::5")] };
        var plan = Plan(service, pod);
        Assert.Equal([("IPv4", "10.244.0.5"), ("IPv6", "fd00::5")], plan.Write.Select(write => (write.AddressType, write.Addresses[0].Address)));

        var single = SlicePlan.For(Make.Service(), [pod], _ => null, [.. plan.Write.Select((write, i) => Stored(write, $"web-{i}"))]);
        Assert.Equal("IPv6", Assert.Single(single.Delete).AddressType);
    }

    [Fact]
    public void More_than_a_hundred_pods_are_spread_over_slices_and_one_change_rewrites_one_slice()
    {
        var pods = Pods(250);
        var slices = Apply([], SlicePlan.For(Make.Service(), pods, _ => null, []));
        Assert.Equal([100, 100, 50], slices.Select(slice => slice.Addresses.Count));

        pods[120] = Make.Pod("p120", ip: "10.244.1.20", ready: false);
        var plan = SlicePlan.For(Make.Service(), pods, _ => null, slices);
        Assert.Equal(slices[1].Meta.Key, Assert.Single(plan.Write).Existing?.Meta.Key);
    }

    [Fact]
    public void Whatever_the_order_of_events_the_slices_say_the_same_in_the_end() =>
        Gen.Select(Gen.Int[0, 230].Array[1, 4], Gen.Int[0, 230]).Sample((sizes, last) =>
        {
            IReadOnlyList<SliceInfo> slices = [];
            foreach (var size in sizes.Append(last))
            {
                slices = Apply(slices, SlicePlan.For(Make.Service(), Pods(size), _ => null, slices));
            }

            var fresh = Apply([], SlicePlan.For(Make.Service(), Pods(last), _ => null, []));
            Assert.Equal(Said(fresh), Said(slices));
            Assert.All(slices, slice => Assert.InRange(slice.Addresses.Count, 0, 100));
            var again = SlicePlan.For(Make.Service(), Pods(last), _ => null, slices);
            Assert.Empty(again.Write);
            Assert.Empty(again.Delete);
        }, iter: 40);

    private static string Ports(string name, int number, string protocol = "TCP") =>
        $$""", "containers": [ { "ports": [ { "name": "{{name}}", "containerPort": {{number}}, "protocol": "{{protocol}}" } ] } ] """;

    private static PodInfo[] Pods(int count) => [.. Enumerable.Range(0, count).Select(i => Make.Pod($"p{i:D3}", ip: $"10.244.{i / 100}.{i % 100}"))];

    private static List<string> Said(IEnumerable<SliceInfo> slices) =>
        [.. slices.SelectMany(slice => slice.Addresses).Select(address => address.ToString()).Order(StringComparer.Ordinal)];

    private static SlicePlan Plan(ServiceInfo service, params PodInfo[] pods) => SlicePlan.For(service, pods, _ => null, []);

    private static SliceWrite One(SlicePlan plan) => Assert.Single(plan.Write);

    /// <summary>What the server would hold after the plan's writes, read back through the document that is written.</summary>
    private static IReadOnlyList<SliceInfo> Apply(IReadOnlyList<SliceInfo> slices, SlicePlan plan)
    {
        var result = slices.Where(slice => !plan.Delete.Contains(slice)).ToDictionary(slice => slice.Meta.Key);
        var next = slices.Select(slice => int.Parse(slice.Meta.Key.Name[4..], CultureInfo.InvariantCulture)).DefaultIfEmpty().Max() + 1;
        foreach (var write in plan.Write)
        {
            var stored = Stored(write, write.Existing?.Meta.Key.Name ?? $"web-{next++}");
            result[stored.Meta.Key] = stored;
        }

        return [.. result.Values];
    }

    private static SliceInfo Stored(SliceWrite write, string name)
    {
        var owner = new OwnerReference("v1", "Service", "web", "uid-web", true, true);
        var document = SliceJson.Write(write, "default", "web-", SlicePlan.LabelsFor(Make.Service()), owner, Make.Start);
        document["metadata"]!["name"] = name;
        return SliceInfo.Read(document);
    }
}
