using Fairlead.ControlPlane.Controllers;
using Fairlead.ControlPlane.Controllers.Endpoints;
using Fairlead.ControlPlane.Controllers.Rows;

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
}
