using Fairlead.Cluster.Controllers;
using Fairlead.ControlPlane.Controllers.Endpoints;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.ControlPlane.Controllers;

namespace Fairlead.Tests.Controllers;

public sealed class EndpointsPlanTests
{
    [Fact]
    public void Ready_and_unready_addresses_stand_apart_and_ports_together()
    {
        var (subsets, truncated) = EndpointsPlan.For(Make.Service(), [Make.Pod("b", ip: "10.244.0.6"), Make.Pod("a"), Make.Pod("c", ip: "10.244.0.7", ready: false)]);
        Assert.False(truncated);
        Assert.Equal(
            CanonicalJson.Write(Make.Document("""
                { "x": [ { "addresses": [
                    { "ip": "10.244.0.5", "nodeName": "n1", "targetRef": { "kind": "Pod", "namespace": "default", "name": "a", "uid": "uid-a" } },
                    { "ip": "10.244.0.6", "nodeName": "n1", "targetRef": { "kind": "Pod", "namespace": "default", "name": "b", "uid": "uid-b" } } ],
                  "notReadyAddresses": [
                    { "ip": "10.244.0.7", "nodeName": "n1", "targetRef": { "kind": "Pod", "namespace": "default", "name": "c", "uid": "uid-c" } } ],
                  "ports": [ { "port": 8080, "protocol": "TCP" } ] } ] }
                """)["x"]),
            CanonicalJson.Write(subsets));
    }

    [Fact]
    public void Terminating_pods_count_only_when_unready_ones_are_published()
    {
        var pod = Make.Pod("a", meta: """, "deletionTimestamp": "2026-05-01T12:00:00Z" """);
        Assert.Empty(EndpointsPlan.For(Make.Service(), [pod]).Subsets);
        Assert.Single(EndpointsPlan.For(Make.Service() with { PublishNotReady = true }, [pod]).Subsets);
    }

    [Fact]
    public void More_than_a_thousand_addresses_are_cut_off_unready_ones_first()
    {
        var pods = Enumerable.Range(0, 1001).Select(i => Make.Pod($"p{i}", ip: $"10.244.{i / 250}.{i % 250}", ready: i != 7));
        var (subsets, truncated) = EndpointsPlan.For(Make.Service(), pods);
        Assert.True(truncated);
        Assert.Equal(1000, subsets[0]!["addresses"]!.AsArray().Count);
        Assert.Null(subsets[0]!["notReadyAddresses"]);
    }

    [Fact]
    public void A_users_own_Endpoints_are_mirrored_into_slices_per_family_and_port()
    {
        var endpoints = EndpointsInfo.Read(Make.Document("""
            { "metadata": { "namespace": "default", "name": "db", "uid": "uid-db" },
              "subsets": [ { "addresses": [ { "ip": "192.0.2.1" }, { "ip": "2001:db8::1" } ], "notReadyAddresses": [ { "ip": "192.0.2.2" } ],
                             "ports": [ { "name": "sql", "port": 5432, "protocol": "TCP" } ] } ] }
            """));
        var plan = MirrorPlan.For(endpoints, []);
        Assert.Equal(["IPv4 192.0.2.1=True 192.0.2.2=False", "IPv6 2001:db8::1=True"], plan.Write.Select(write =>
            $"{write.AddressType} {string.Join(' ', write.Addresses.Select(address => $"{address.Address}={address.Ready}"))}"));
        Assert.All(plan.Write, write => Assert.Equal(5432, Assert.Single(write.Ports).Port));
    }

    [Theory]
    [InlineData("", true, true)]
    [InlineData(""", "labels": { "endpointslice.kubernetes.io/skip-mirror": "true" } """, true, false)]
    [InlineData(""", "annotations": { "control-plane.alpha.kubernetes.io/leader": "x" } """, true, false)]
    [InlineData("", false, false)]
    public void Mirroring_leaves_alone_what_is_not_a_users_endpoints(string meta, bool selectorless, bool applies)
    {
        var endpoints = EndpointsInfo.Read(Make.Document($$"""{ "metadata": { "namespace": "default", "name": "web" {{meta}} } }"""));
        var service = Make.Service() with { Selector = selectorless ? null : Make.Service().Selector };
        Assert.Equal(applies, MirrorPlan.Applies(endpoints, service));
        Assert.False(MirrorPlan.Applies(endpoints, null));
    }

    [Fact]
    public void Subsets_that_share_an_address_are_mirrored_by_their_ports()
    {
        var plan = MirrorPlan.For(Endpoints("""
            { "addresses": [ { "ip": "10.0.0.1" } ], "ports": [ { "name": "port1", "port": 1000 } ] },
            { "addresses": [ { "ip": "10.0.0.1" } ], "ports": [ { "name": "port2", "port": 1001 } ] }
            """), []);
        Assert.Equal(["port1 10.0.0.1", "port2 10.0.0.1"], plan.Write.Select(write => $"{write.Ports[0].Name} {write.Addresses[0].Address}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Of_a_subset_a_thousand_addresses_are_mirrored_and_those_of_the_next_as_well()
    {
        var many = string.Join(',', Enumerable.Range(0, 1200).Select(i => $$"""{ "ip": "10.0.{{i / 200}}.{{i % 200}}" }"""));
        var plan = MirrorPlan.For(Endpoints($$"""
            { "addresses": [ {{many}} ], "ports": [ { "port": 80 } ] }, { "addresses": [ { "ip": "10.9.9.9" } ], "ports": [ { "port": 81 } ] }
            """), []);
        Assert.Equal(1000, plan.Write.Where(write => write.Ports[0].Port == 80).Sum(write => write.Addresses.Count));
        Assert.Equal(1, plan.Write.Where(write => write.Ports[0].Port == 81).Sum(write => write.Addresses.Count));
        Assert.All(plan.Write, write => Assert.InRange(write.Addresses.Count, 1, 100));
    }

    [Fact]
    public void A_mirrored_slice_has_the_labels_and_annotations_of_its_Endpoints_and_follows_them()
    {
        const string Subset = """{ "addresses": [ { "ip": "10.0.0.1" } ], "ports": [ { "port": 80 } ] }""";
        var first = Endpoints(Subset, """, "labels": { "team": "shop" }, "annotations": { "a": "1", "kubectl.kubernetes.io/last-applied-configuration": "{}" } """);
        Assert.Equal(["a=1"], MirrorPlan.AnnotationsFor(first).Select(pair => $"{pair.Key}={pair.Value}"));
        Assert.Equal(
            ["endpointslice.kubernetes.io/managed-by=endpointslicemirroring-controller.k8s.io", "kubernetes.io/service-name=db", "team=shop"],
            MirrorPlan.LabelsFor(first).Select(pair => $"{pair.Key}={pair.Value}"));
        var document = SliceJson.Write(
            Assert.Single(MirrorPlan.For(first, []).Write), "default", "db-", MirrorPlan.LabelsFor(first),
            new OwnerReference("v1", "Endpoints", "db", "uid-db", true, true), MirrorPlan.AnnotationsFor(first));
        document["metadata"]!["name"] = "db-1";
        var stored = SliceInfo.Read(document);
        Assert.Empty(MirrorPlan.For(first, [stored]).Write);
        Assert.Equal(stored, Assert.Single(MirrorPlan.For(Endpoints(Subset, """, "labels": { "team": "shop" }, "annotations": { "a": "2" } """), [stored]).Write).Existing);
    }

    private static EndpointsInfo Endpoints(string subsets, string meta = "") => EndpointsInfo.Read(Make.Document($$"""
        { "metadata": { "namespace": "default", "name": "db", "uid": "uid-db" {{meta}} }, "subsets": [ {{subsets}} ] }
        """));
}
