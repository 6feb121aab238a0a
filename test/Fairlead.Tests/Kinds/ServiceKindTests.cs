using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;

namespace Fairlead.Tests.Kinds;

public sealed class ServiceKindTests
{
    private readonly KindHarness _single = new(KindHarness.SingleStack());
    private readonly KindHarness _dual = new(KindHarness.DualStack());

    [Fact]
    public void A_cluster_ip_service_gets_the_defaults_of_a_real_server()
    {
        var spec = _single.Create(Service("""{"clusterIP":"10.96.0.50","selector":{"app":"a"},"ports":[{"port":80}]}"""))["spec"]!;
        Assert.Equal(
            """
            {"clusterIP":"10.96.0.50","selector":{"app":"a"},"ports":[{"port":80,"protocol":"TCP","targetPort":80}],"type":"ClusterIP","sessionAffinity":"None",
            "internalTrafficPolicy":"Cluster","clusterIPs":["10.96.0.50"],"ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack"}
            """.ReplaceLineEndings(""),
            spec.ToJsonString());
    }

    [Fact]
    public void A_load_balancer_gets_node_ports_policy_and_health_port()
    {
        var service = _single.Create(Service("""
            {"type":"LoadBalancer","externalTrafficPolicy":"Local","sessionAffinity":"ClientIP","ports":[{"name":"a","port":80},{"name":"b","port":443}]}
            """));
        var spec = service["spec"]!;
        Assert.True((bool)spec["allocateLoadBalancerNodePorts"]!);
        Assert.InRange((int)spec["ports"]![0]!["nodePort"]!, 30086, 32767);
        Assert.NotEqual((int)spec["ports"]![0]!["nodePort"]!, (int)spec["ports"]![1]!["nodePort"]!);
        Assert.InRange(spec.Number("healthCheckNodePort")!.Value, 30086, 32767);
        Assert.Equal(10800, spec.Number("sessionAffinityConfig", "clientIP", "timeoutSeconds"));
        Assert.Equal("{}", service["status"]!["loadBalancer"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"type":"NodePort","ports":[{"port":80}]}""", "Cluster", "Cluster")]
    [InlineData("""{"type":"LoadBalancer","ports":[{"port":80}]}""", "Cluster", "Cluster")]
    [InlineData("""{"externalIPs":["192.0.2.1"],"ports":[{"port":80}]}""", "Cluster", "Cluster")]
    [InlineData("""{"ports":[{"port":80}]}""", null, "Cluster")]
    [InlineData("""{"clusterIP":"None","selector":{"a":"b"}}""", null, "Cluster")]
    [InlineData("""{"type":"ExternalName","externalName":"a.example"}""", null, null)]
    public void Traffic_goes_anywhere_unless_the_Service_says_otherwise(string spec, string? external, string? inside)
    {
        var created = _single.Create(Service(spec))["spec"]!;
        Assert.Equal((external, inside), ((string?)created["externalTrafficPolicy"], (string?)created["internalTrafficPolicy"]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(86400)]
    public void Affinity_lasts_from_a_second_to_a_day(int seconds) => Assert.Equal(seconds, _single.Create(Service(
        $$$"""{"sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":{{{seconds}}}}},"ports":[{"port":80}]}"""))["spec"]!
        .AsObject().Number("sessionAffinityConfig", "clientIP", "timeoutSeconds"));

    [Theory]
    [InlineData("""{"ports":[]}""", "spec.ports: Required value")]
    [InlineData("""{"sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":0}},"ports":[{"port":80}]}""",
        "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400")]
    [InlineData("""{"ports":[{"port":-1}]}""", "spec.ports[0].port: Invalid value: -1: must be between 1 and 65535, inclusive")]
    [InlineData("""{"ports":[{"port":80,"targetPort":70000}]}""", "spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive")]
    [InlineData("""{"ports":[{"port":80,"targetPort":"a--b"}]}""", "spec.ports[0].targetPort: Invalid value: \"a--b\": must not contain consecutive hyphens")]
    [InlineData("""{"ports":[{"port":80,"protocol":"ICMP"}]}""", "spec.ports[0].protocol: Unsupported value: \"ICMP\": supported values: \"SCTP\", \"TCP\", \"UDP\"")]
    [InlineData("""{"ports":[{"name":"a","port":80},{"port":81}]}""", "spec.ports[1].name: Required value")]
    [InlineData("""{"ports":[{"name":"a","port":80},{"name":"a","port":81}]}""", "spec.ports[1].name: Duplicate value: \"a\"")]
    [InlineData("""{"ports":[{"name":"a","port":80},{"name":"b","port":80}]}""", "spec.ports[1]: Duplicate value: {\"protocol\":\"TCP\",\"port\":80}")]
    [InlineData("""{"ports":[{"port":80,"nodePort":30080}]}""", "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'")]
    [InlineData("""{"type":"NodePort","ports":[{"port":80,"nodePort":80}]}""",
        "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767")]
    [InlineData("""{"type":"NodePort","ports":[{"name":"a","port":80,"nodePort":30000},{"name":"b","port":81,"nodePort":30000}]}""",
        "spec.ports[1].nodePort: Duplicate value: 30000")]
    [InlineData("""{"type":"Magic","ports":[{"port":80}]}""",
        "spec.type: Unsupported value: \"Magic\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"")]
    [InlineData("""{"type":"ExternalName"}""", "spec.externalName: Required value")]
    [InlineData("""{"type":"ExternalName","externalName":"a.b.","clusterIP":"10.96.0.9"}""", "spec.clusterIPs: Forbidden: may not be set for ExternalName services")]
    [InlineData("""{"type":"NodePort","clusterIP":"None","ports":[{"port":80}]}""",
        "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services")]
    [InlineData("""{"clusterIP":"10.96.0.009","ports":[{"port":80}]}""",
        "spec.clusterIPs[0]: Invalid value: \"10.96.0.009\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    [InlineData("""{"clusterIP":"192.168.0.1","ports":[{"port":80}]}""",
        "spec.clusterIPs[0]: Invalid value: \"192.168.0.1\": failed to allocate IP 192.168.0.1: the provided network does not match the current range, which is 10.96.0.0/12")]
    [InlineData("""{"ipFamilyPolicy":"RequireDualStack","ports":[{"port":80}]}""",
        "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services")]
    [InlineData("""{"ipFamilies":["IPv6"],"ports":[{"port":80}]}""", "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster")]
    [InlineData("""{"sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":86401}},"ports":[{"port":80}]}""",
        "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400")]
    [InlineData("""{"externalTrafficPolicy":"Local","ports":[{"port":80}]}""",
        "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services")]
    [InlineData("""{"loadBalancerSourceRanges":["10.0.0.0/8"],"ports":[{"port":80}]}""",
        "spec.loadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'")]
    [InlineData("""{"type":"LoadBalancer","loadBalancerSourceRanges":["10.0.0.1/8"],"ports":[{"port":80}]}""",
        "spec.loadBalancerSourceRanges[0]: Invalid value: \"10.0.0.1/8\": must not have bits set beyond the prefix length; did you mean \"10.0.0.0/8\"?")]
    [InlineData("""{"externalIPs":["127.0.0.1"],"ports":[{"port":80}]}""",
        "spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)")]
    [InlineData("""{"trafficDistribution":"Near","ports":[{"port":80}]}""",
        "spec.trafficDistribution: Unsupported value: \"Near\": supported values: \"PreferClose\", \"PreferSameNode\", \"PreferSameZone\"")]
    [InlineData("""{"ports":[{"port":80,"appProtocol":"a b"}]}""",
        "spec.ports[0].appProtocol: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')")]
    [InlineData("""{"healthCheckNodePort":32000,"type":"LoadBalancer","ports":[{"port":80}]}""",
        "spec.healthCheckNodePort: Invalid value: 32000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'")]
    public void A_bad_service_is_refused_with_the_path_of_the_field(string spec, string fault) => Assert.Equal([fault], _single.Faults(Service(spec)));

    [Fact]
    public void A_name_may_begin_with_a_digit_but_has_no_dots()
    {
        _single.Create(Service("""{"ports":[{"port":80}]}""", "1st"));
        Assert.StartsWith("metadata.name: Invalid value: \"a.b\": a lowercase RFC 1123 label", Assert.Single(_single.Faults(Service("""{"ports":[{"port":80}]}""", "a.b"))), StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_port_serves_two_protocols_with_one_node_port()
    {
        var ports = _single.Create(Service("""
            {"type":"NodePort","ports":[{"name":"u","port":53,"protocol":"UDP"},{"name":"t","port":53,"protocol":"TCP"}]}
            """))["spec"]!["ports"]!;
        Assert.Equal((int)ports[0]!["nodePort"]!, (int)ports[1]!["nodePort"]!);
    }

    [Fact]
    public void An_address_or_node_port_in_use_is_refused()
    {
        _single.Create(Service("""{"clusterIP":"10.96.0.50","type":"NodePort","ports":[{"port":80,"nodePort":30080}]}""", "first"));
        Assert.Equal(
            [
                "spec.clusterIPs[0]: Invalid value: \"10.96.0.50\": failed to allocate IP 10.96.0.50: provided IP is already allocated",
                "spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated",
            ],
            _single.Faults(Service("""{"clusterIP":"10.96.0.50","type":"NodePort","ports":[{"port":80,"nodePort":30080}]}""", "second")));
    }

    [Fact]
    public void An_update_without_them_keeps_address_and_node_ports()
    {
        var old = _single.Create(Service("""{"type":"NodePort","ports":[{"name":"a","port":80},{"name":"b","port":81}]}"""));
        var updated = _single.Update(old, obj => obj["spec"] = JsonNode.Parse("""{"type":"NodePort","ports":[{"name":"b","port":8081},{"name":"c","port":82}]}"""));
        Assert.Equal(old.Text("spec", "clusterIP"), updated.Text("spec", "clusterIP"));
        Assert.Equal((int)old["spec"]!["ports"]![1]!["nodePort"]!, (int)updated["spec"]!["ports"]![0]!["nodePort"]!);
        Assert.NotNull(updated["spec"]!["ports"]![1]!["nodePort"]);
        Assert.Equal("IPv4", (string?)updated["spec"]!["ipFamilies"]![0]);
    }

    [Fact]
    public void The_primary_address_does_not_change()
    {
        var old = _single.Create(Service("""{"clusterIP":"10.96.0.50","ports":[{"port":80}]}"""));
        Assert.Equal(
            ["spec.clusterIPs[0]: Invalid value: [\"10.96.0.51\"]: may not change once set"], _single.UpdateFaults(old, obj => obj["spec"]!["clusterIP"] = "10.96.0.51"));
    }

    [Fact]
    public void A_change_to_ExternalName_drops_what_no_longer_applies_and_frees_it()
    {
        var old = _single.Create(Service("""{"clusterIP":"10.96.0.50","type":"NodePort","ports":[{"port":80,"nodePort":30080}]}"""));
        var updated = _single.Update(old, obj =>
        {
            obj["spec"]!["type"] = "ExternalName";
            obj["spec"]!["externalName"] = "example.com";
        });
        Assert.Equal(
            """{"type":"ExternalName","ports":[{"port":80,"protocol":"TCP","targetPort":80}],"sessionAffinity":"None","externalName":"example.com"}""",
            Ordered(updated["spec"]!, "type", "ports", "sessionAffinity", "externalName"));
        _single.Create(Service("""{"clusterIP":"10.96.0.50","type":"NodePort","ports":[{"port":80,"nodePort":30080}]}""", "next"));
        var back = _single.Update(updated, obj =>
        {
            obj["spec"]!["type"] = "ClusterIP";
            obj["spec"]!.AsObject().Remove("externalName");
        });
        Assert.NotNull(back.Text("spec", "clusterIP"));
        Assert.Equal("SingleStack", back.Text("spec", "ipFamilyPolicy"));
    }

    [Fact]
    public void A_change_from_LoadBalancer_to_ClusterIP_drops_node_ports_health_port_and_status()
    {
        var old = _single.Create(Service("""{"type":"LoadBalancer","loadBalancerClass":"example.com/x","externalTrafficPolicy":"Local","ports":[{"port":80}]}"""));
        old = _single.Update(old, obj => obj["status"] = JsonNode.Parse("""{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}"""), "status");
        Assert.Equal("VIP", (string?)old["status"]!["loadBalancer"]!["ingress"]![0]!["ipMode"]);
        var updated = _single.Update(old, obj => obj["spec"]!["type"] = "ClusterIP");
        foreach (var gone in (string[])["healthCheckNodePort", "loadBalancerClass", "allocateLoadBalancerNodePorts", "externalTrafficPolicy"])
        {
            Assert.Null(updated["spec"]![gone]);
        }

        Assert.Null(updated["spec"]!["ports"]![0]!["nodePort"]);
        Assert.Equal("""{"loadBalancer":{}}""", updated["status"]!.ToJsonString());
    }

    [Fact]
    public void A_field_that_does_not_fit_the_new_type_is_refused_when_it_was_set_by_the_writer()
    {
        var old = _single.Create(Service("""{"type":"NodePort","ports":[{"port":80}]}"""));
        Assert.Equal(
            ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
            _single.UpdateFaults(old, obj =>
            {
                obj["spec"]!["type"] = "ClusterIP";
                obj["spec"]!.AsObject().Remove("externalTrafficPolicy");
                obj["spec"]!["ports"]![0]!["nodePort"] = 30001;
            }));
    }

    [Fact]
    public void Without_node_ports_a_load_balancer_gets_none_and_keeps_those_it_has()
    {
        var without = _single.Create(Service("""{"type":"LoadBalancer","allocateLoadBalancerNodePorts":false,"ports":[{"port":80}]}""", "a"));
        Assert.Null(without["spec"]!["ports"]![0]!["nodePort"]);
        var with = _single.Create(Service("""{"type":"LoadBalancer","ports":[{"port":80}]}""", "b"));
        var flipped = _single.Update(with, obj => obj["spec"]!["allocateLoadBalancerNodePorts"] = false);
        Assert.Equal((int)with["spec"]!["ports"]![0]!["nodePort"]!, (int)flipped["spec"]!["ports"]![0]!["nodePort"]!);
    }

    [Theory]
    [InlineData("""{"ports":[{"port":80}]}""", "SingleStack", "IPv4")]
    [InlineData("""{"ipFamilyPolicy":"PreferDualStack","ports":[{"port":80}]}""", "PreferDualStack", "IPv4,IPv6")]
    [InlineData("""{"ipFamilyPolicy":"RequireDualStack","ipFamilies":["IPv6"],"ports":[{"port":80}]}""", "RequireDualStack", "IPv6,IPv4")]
    [InlineData("""{"ipFamilies":["IPv6"],"ports":[{"port":80}]}""", "SingleStack", "IPv6")]
    [InlineData("""{"ipFamilies":["IPv6","IPv4"],"ports":[{"port":80}]}""", "RequireDualStack", "IPv6,IPv4")]
    [InlineData("""{"clusterIP":"fd00:10:96::5","ports":[{"port":80}]}""", "SingleStack", "IPv6")]
    public void Families_follow_policy_addresses_and_cluster(string spec, string policy, string families)
    {
        var service = _dual.Create(Service(spec));
        Assert.Equal(policy, service.Text("spec", "ipFamilyPolicy"));
        Assert.Equal(families, string.Join(',', service.List("spec", "ipFamilies").Texts()));
        var addresses = service.List("spec", "clusterIPs").Texts().ToArray();
        Assert.Equal(families.Split(',').Select(family => family == "IPv6"), addresses.Select(address => address.Contains(':', StringComparison.Ordinal)));
        Assert.Equal(addresses[0], service.Text("spec", "clusterIP"));
    }

    [Fact]
    public void A_headless_service_without_selector_has_both_families_on_any_cluster()
    {
        var service = _single.Create(Service("""{"clusterIP":"None"}"""));
        Assert.Equal("""["IPv4","IPv6"]""", service["spec"]!["ipFamilies"]!.ToJsonString());
        Assert.Equal("RequireDualStack", service.Text("spec", "ipFamilyPolicy"));
        Assert.Equal("""["None"]""", service["spec"]!["clusterIPs"]!.ToJsonString());
        Assert.Equal("""["IPv4"]""", _single.Create(Service("""{"clusterIP":"None","selector":{"a":"b"}}""", "y"))["spec"]!["ipFamilies"]!.ToJsonString());
    }

    [Fact]
    public void A_second_family_comes_and_goes_with_the_policy()
    {
        var old = _dual.Create(Service("""{"ports":[{"port":80}]}"""));
        var dual = _dual.Update(old, obj => obj["spec"]!["ipFamilyPolicy"] = "PreferDualStack");
        Assert.Equal(2, dual.List("spec", "clusterIPs")!.Count);
        var single = _dual.Update(dual, obj => obj["spec"]!["ipFamilyPolicy"] = "SingleStack");
        Assert.Equal([old.Text("spec", "clusterIP")!], single.List("spec", "clusterIPs").Texts());
        Assert.Equal(["IPv4"], single.List("spec", "ipFamilies").Texts());
    }

    [Fact]
    public void Status_is_not_written_with_the_object_nor_the_object_with_status()
    {
        var old = _single.Create(Service("""{"type":"LoadBalancer","ports":[{"port":80}]}"""));
        var status = _single.Update(old, obj =>
        {
            obj["status"] = JsonNode.Parse("""{"loadBalancer":{"ingress":[{"hostname":"lb.example.com"}]}}""");
            obj["spec"]!["type"] = "NodePort";
        }, "status");
        Assert.Equal("LoadBalancer", status.Text("spec", "type"));
        var updated = _single.Update(status, obj => obj.Remove("status"));
        Assert.Equal("lb.example.com", (string?)updated["status"]!["loadBalancer"]!["ingress"]![0]!["hostname"]);
        Assert.Equal(
            ["status.loadBalancer.ingress[0].ipMode: Forbidden: may not be specified when `ip` is not set"],
            _single.UpdateFaults(old, obj => obj["status"] = JsonNode.Parse("""{"loadBalancer":{"ingress":[{"ipMode":"VIP"}]}}"""), "status"));
    }

    [Theory]
    [InlineData("""{"clusterIP":"10.96.0.50","selector":{"b":"2","a":"1"},"ports":[{"name":"a","port":80},{"name":"b","port":53,"protocol":"UDP"}]}""", "",
        "x|ClusterIP|10.96.0.50|<none>|80/TCP,53/UDP|60m|a=1,b=2")]
    [InlineData("""{"clusterIP":"10.96.0.50","type":"NodePort","ports":[{"port":80,"nodePort":30080}]}""", "", "x|NodePort|10.96.0.50|<none>|80:30080/TCP|60m|<none>")]
    [InlineData("""{"clusterIP":"10.96.0.50","type":"LoadBalancer","ports":[{"port":80,"nodePort":30080}]}""", "", "x|LoadBalancer|10.96.0.50|<pending>|80:30080/TCP|60m|<none>")]
    [InlineData("""{"clusterIP":"10.96.0.50","type":"LoadBalancer","externalIPs":["198.51.100.1"],"ports":[{"port":80,"nodePort":30080}]}""",
        """{"loadBalancer":{"ingress":[{"ip":"192.0.2.2"},{"ip":"192.0.2.1"}]}}""",
        "x|LoadBalancer|10.96.0.50|192.0.2.1,192.0.2.2,198.51.100.1|80:30080/TCP|60m|<none>")]
    [InlineData("""{"clusterIP":"None","selector":{"a":"1"}}""", "", "x|ClusterIP|None|<none>|<none>|60m|a=1")]
    [InlineData("""{"type":"ExternalName","externalName":"example.com"}""", "", "x|ExternalName|<none>|example.com|<none>|60m|<none>")]
    public void A_service_prints_as_kubectl_prints_it(string spec, string status, string row)
    {
        var service = _single.Create(Service(spec));
        if (status.Length > 0)
        {
            service["status"] = JsonNode.Parse(status);
        }

        Assert.Equal(row, string.Join('|', new ServiceKind().Row(service, KindHarness.Now).Select(cell => cell!.ToString())));
        Assert.Equal(row.Split('|').Length, new ServiceKind().Columns.Count);
    }

    [Fact]
    public void Deprecated_wishes_are_warned_about()
    {
        var service = _single.Create(Service("""{"type":"LoadBalancer","loadBalancerIP":"192.0.2.1","trafficDistribution":"PreferClose","externalIPs":["192.0.2.9"],"ports":[{"port":80}]}"""));
        var warnings = new ServiceKind().Warnings(service, null).ToArray();
        Assert.Equal(3, warnings.Length);
        Assert.StartsWith("spec.loadBalancerIP is deprecated", warnings[0], StringComparison.Ordinal);
        Assert.Contains("a node serves only those in the ranges of its --external-ip-range, none unless given", warnings[1], StringComparison.Ordinal);
        Assert.Empty(new ServiceKind().Warnings(_single.Create(Service("""{"ports":[{"port":80}]}""", "z")), null));
    }

    [Fact]
    public void Field_selectors_read_type_and_address()
    {
        var selectors = new ServiceKind().FieldSelectors;
        var service = _single.Create(Service("""{"clusterIP":"10.96.0.50","ports":[{"port":80}]}"""));
        Assert.Equal("10.96.0.50", selectors["spec.clusterIP"](service));
        Assert.Equal("ClusterIP", selectors["spec.type"](service));
        Assert.Equal("default", selectors["metadata.namespace"](service));
        Assert.Equal("x", selectors["metadata.name"](service));
    }

    private static string Service(string spec, string name = "x") =>
        $$"""{"apiVersion":"v1","kind":"Service","metadata":{"name":"{{name}}"},"spec":{{spec}}}""";

    private static string Ordered(JsonNode node, params string[] names)
    {
        Assert.Equal(names.Order(StringComparer.Ordinal), node.AsObject().Select(pair => pair.Key).Order(StringComparer.Ordinal));
        return new JsonObject(names.Select(name => new KeyValuePair<string, JsonNode?>(name, node[name]!.DeepClone()))).ToJsonString();
    }
}
