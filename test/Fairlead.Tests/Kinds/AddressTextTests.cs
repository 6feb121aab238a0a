using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;

namespace Fairlead.Tests.Kinds;

/// <summary>How addresses and ranges may be written (KEP-4858; features.md §1.1, rows 24, 27 and 30).</summary>
public sealed class AddressTextTests
{
    private readonly KindHarness _harness = new(KindHarness.DualStack());

    public static TheoryData<string, string> Written => new()
    {
        { """{"apiVersion":"v1","kind":"Service","spec":{"clusterIP":"10.96.0.50","externalIPs":["BAD"],"ports":[{"port":80}]}}""", "198.051.100.1" },
        { """{"apiVersion":"v1","kind":"Service","spec":{"clusterIP":"10.96.0.50","externalIPs":["BAD"],"ports":[{"port":80}]}}""", "::ffff:198.51.100.1" },
        { """{"apiVersion":"v1","kind":"Service","spec":{"clusterIP":"10.96.0.50","type":"LoadBalancer","loadBalancerSourceRanges":["BAD"],"ports":[{"port":80}]}}""", "10.0.0.1/8" },
        { """{"apiVersion":"v1","kind":"Service","spec":{"clusterIP":"10.96.0.50","type":"LoadBalancer","loadBalancerSourceRanges":["BAD"],"ports":[{"port":80}]}}""", "010.0.0.0/8" },
        {
            """{"apiVersion":"v1","kind":"Service","metadata":{"annotations":{"service.beta.kubernetes.io/load-balancer-source-ranges":"10.0.0.0/8, BAD"}},"spec":{"clusterIP":"10.96.0.50","type":"LoadBalancer","ports":[{"port":80}]}}""",
            "10.0.0.1/8"
        },
        { """{"apiVersion":"v1","kind":"Endpoints","subsets":[{"addresses":[{"ip":"BAD"}],"ports":[{"port":80}]}]}""", "010.1.1.1" },
        { """{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","endpoints":[{"addresses":["BAD"]}]}""", "010.1.1.1" },
        { """{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"BAD"}}]}]}}""", "10.0.0.1/8" },
    };

    [Theory]
    [MemberData(nameof(Written))]
    public void A_doubtful_text_is_refused_when_it_comes_and_left_alone_when_it_is_there(string document, string bad)
    {
        Assert.NotEmpty(_harness.Faults(document.Replace("BAD", bad, StringComparison.Ordinal)));

        // As an older server stored it: the good document with the text put in.
        var goodText = bad.Contains('/', StringComparison.Ordinal) ? "10.0.0.0/8" : "198.51.100.1";
        var good = _harness.Create(document.Replace("BAD", goodText, StringComparison.Ordinal));
        var stored = JsonNode.Parse(good.ToJsonString().Replace(goodText, bad, StringComparison.Ordinal))!.AsObject();
        _harness.Update(stored, item => item["metadata"]!["labels"] = new JsonObject { ["a"] = "b" });

        // Where it is not there yet an update is as strict.
        Assert.NotEmpty(_harness.UpdateFaults(good, item =>
        {
            foreach (var (name, value) in stored)
            {
                item[name] = value?.DeepClone();
            }
        }));
    }

    [Fact]
    public void An_address_that_traffic_must_not_go_to_is_refused_though_it_is_there()
    {
        var slice = _harness.Create("""{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","endpoints":[{"addresses":["198.51.100.1"]}]}""");
        slice["endpoints"]![0]!["addresses"]![0] = "127.0.0.1";
        Assert.Single(_harness.UpdateFaults(slice, item => item["metadata"]!["labels"] = new JsonObject { ["a"] = "b" }));
    }

    [Fact]
    public void White_space_around_source_ranges_does_not_matter_and_a_wished_address_is_never_refused()
    {
        _harness.Create(Balancer(""" "loadBalancerSourceRanges": [ " 10.0.0.0/8", "2001:db8::/32 " ], """));
        _harness.Create(Balancer(""" "loadBalancerIP": "whatever", """));
        _harness.Create("""
            {"apiVersion":"v1","kind":"Service","metadata":{"annotations":{"service.beta.kubernetes.io/load-balancer-source-ranges":" 10.0.0.0/8 , 192.0.2.0/24"}},
             "spec":{"type":"LoadBalancer","ports":[{"port":80}]}}
            """);
        Assert.Contains("Forbidden: may only be used when `type` is 'LoadBalancer'", Assert.Single(_harness.Faults("""
            {"apiVersion":"v1","kind":"Service","metadata":{"annotations":{"service.beta.kubernetes.io/load-balancer-source-ranges":"10.0.0.0/8"}},
             "spec":{"ports":[{"port":80}]}}
            """)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(""" "externalIPs": [ "2001:DB8::1" ] """, "spec.externalIPs[0]: IPv6 address \"2001:DB8::1\" should be in RFC 5952 canonical format (\"2001:db8::1\")")]
    [InlineData(
        """ "type": "LoadBalancer", "loadBalancerSourceRanges": [ "2001:db8:0::/48" ] """,
        "spec.loadBalancerSourceRanges[0]: IPv6 CIDR value \"2001:db8:0::/48\" should be in RFC 5952 canonical format (\"2001:db8::/48\")")]
    [InlineData(""" "clusterIP": "None", "loadBalancerIP": "192.0.2.1" """, "spec.loadBalancerIP is ignored when spec.clusterIP is \"None\"")]
    [InlineData(""" "clusterIP": "None", "sessionAffinity": "ClientIP" """, "spec.sessionAffinity is ignored when spec.clusterIP is \"None\"")]
    [InlineData(""" "externalIPs": [ "192.0.2.1" ] """, "spec.externalIPs is deprecated since v1.36")]
    [InlineData(""" "trafficDistribution": "PreferClose" """, "spec.trafficDistribution: PreferClose is deprecated since v1.35; use PreferSameZone, which means the same")]
    public void Texts_and_fields_that_serve_nobody_are_warned_about(string spec, string warning)
    {
        var service = _harness.Create($$"""{"apiVersion":"v1","kind":"Service","spec":{ {{spec}}, "ports":[{"port":80}] } }""");
        Assert.Contains(new ServiceKind().Warnings(service, null), text => text.StartsWith(warning, StringComparison.Ordinal));
    }

    [Fact]
    public void The_older_topology_annotation_is_warned_about()
    {
        var service = _harness.Create("""
            {"apiVersion":"v1","kind":"Service","metadata":{"annotations":{"service.kubernetes.io/topology-aware-hints":"Auto"}},"spec":{"ports":[{"port":80}]}}
            """);
        Assert.Equal(
            ["annotation service.kubernetes.io/topology-aware-hints is deprecated; use service.kubernetes.io/topology-mode"], new ServiceKind().Warnings(service, null));
    }

    private static string Balancer(string fields) => $$"""{"apiVersion":"v1","kind":"Service","spec":{ {{fields}} "type":"LoadBalancer","ports":[{"port":80}] } }""";
}
