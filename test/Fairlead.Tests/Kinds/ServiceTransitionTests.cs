using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;

namespace Fairlead.Tests.Kinds;

/// <summary>What a Service keeps, gets and gives back when it changes (features.md §1.1, rows 7, 9, 12, 13, 25, 26, 28).</summary>
public sealed class ServiceTransitionTests
{
    private readonly KindHarness _dual = new(KindHarness.DualStack());

    // address and node port: kept, new or gone; then the fields of the new type that are set.
    [Theory]
    [InlineData("ClusterIP", "NodePort", "kept new", "externalTrafficPolicy internalTrafficPolicy")]
    [InlineData("ClusterIP", "LoadBalancer", "kept new", "allocateLoadBalancerNodePorts externalTrafficPolicy internalTrafficPolicy")]
    [InlineData("ClusterIP", "ExternalName", "gone gone", "externalName")]
    [InlineData("NodePort", "ClusterIP", "kept gone", "internalTrafficPolicy")]
    [InlineData("NodePort", "LoadBalancer", "kept kept", "allocateLoadBalancerNodePorts externalTrafficPolicy internalTrafficPolicy")]
    [InlineData("NodePort", "ExternalName", "gone gone", "externalName")]
    [InlineData("LoadBalancer", "ClusterIP", "kept gone", "internalTrafficPolicy")]
    [InlineData("LoadBalancer", "NodePort", "kept kept", "externalTrafficPolicy internalTrafficPolicy")]
    [InlineData("LoadBalancer", "ExternalName", "gone gone", "externalName")]
    [InlineData("ExternalName", "ClusterIP", "new gone", "internalTrafficPolicy")]
    [InlineData("ExternalName", "NodePort", "new new", "externalTrafficPolicy internalTrafficPolicy")]
    [InlineData("ExternalName", "LoadBalancer", "new new", "allocateLoadBalancerNodePorts externalTrafficPolicy internalTrafficPolicy")]
    public void From_each_type_to_each_other(string from, string to, string numbers, string fields)
    {
        var old = _dual.Create(Service(from == "ExternalName" ? """{"type":"ExternalName","externalName":"a.example.","ports":[{"port":80}]}""" : $$"""
            {"type":"{{from}}","ports":[{"port":80}]}
            """));
        var now = _dual.Update(old, service =>
        {
            service["spec"]!["type"] = to;
            if (to == "ExternalName")
            {
                service["spec"]!["externalName"] = "a.example";
            }
            else
            {
                service["spec"]!.AsObject().Remove("externalName");
            }
        });
        Assert.Equal(numbers, $"{Fate(old.Text("spec", "clusterIP"), now.Text("spec", "clusterIP"))} {Fate(NodePort(old)?.ToString(), NodePort(now)?.ToString())}");
        string[] dependent = ["allocateLoadBalancerNodePorts", "externalName", "externalTrafficPolicy", "healthCheckNodePort", "internalTrafficPolicy", "loadBalancerClass"];
        Assert.Equal(fields, string.Join(' ', dependent.Where(name => now["spec"]!.AsObject().ContainsKey(name))));
        Assert.Equal(to != "ExternalName", now["spec"]!.AsObject().ContainsKey("ipFamilies"));

        // What is gone can be had by another.
        if (numbers.StartsWith("gone", StringComparison.Ordinal))
        {
            _dual.Create(Service($$"""{"clusterIP":"{{old.Text("spec", "clusterIP")}}","ports":[{"port":80}]}""", "heir"));
        }

        if (numbers.EndsWith("gone", StringComparison.Ordinal) && NodePort(old) is { } freed)
        {
            _dual.Create(Service($$"""{"type":"NodePort","ports":[{"port":80,"nodePort":{{freed}}}]}""", "heir2"));
        }
    }

    [Fact]
    public void A_port_may_go_together_with_the_type_that_gave_it_a_node_port()
    {
        var old = _dual.Create(Service("""{"type":"NodePort","ports":[{"name":"a","port":80},{"name":"b","port":81}]}"""));
        var now = _dual.Update(old, service =>
        {
            service["spec"]!["type"] = "ClusterIP";
            service["spec"]!["ports"]!.AsArray().RemoveAt(1);
        });
        Assert.Null(NodePort(now));
    }

    [Fact]
    public void The_health_check_port_comes_with_Local_stays_and_goes_with_it()
    {
        var old = _dual.Create(Service("""{"type":"LoadBalancer","externalTrafficPolicy":"Local","healthCheckNodePort":30777,"ports":[{"port":80}]}"""));
        Assert.Equal(30777, old.Number("spec", "healthCheckNodePort"));
        Assert.Equal(
            ["spec.healthCheckNodePort: Invalid value: 30777: provided port is already allocated"],
            _dual.Faults(Service("""{"type":"LoadBalancer","externalTrafficPolicy":"Local","healthCheckNodePort":30777,"ports":[{"port":80}]}""", "other")));
        Assert.Equal(
            ["spec.healthCheckNodePort: Invalid value: 30778: field is immutable"],
            _dual.UpdateFaults(old, service => service["spec"]!["healthCheckNodePort"] = 30778));
        var same = _dual.Update(old, service => service["spec"]!.AsObject().Remove("healthCheckNodePort"));
        Assert.Equal(30777, same.Number("spec", "healthCheckNodePort"));

        var cluster = _dual.Update(same, service => service["spec"]!["externalTrafficPolicy"] = "Cluster");
        Assert.Null(cluster["spec"]!["healthCheckNodePort"]);
        _dual.Create(Service("""{"type":"NodePort","ports":[{"port":80,"nodePort":30777}]}""", "heir"));
        var again = _dual.Update(cluster, service => service["spec"]!["externalTrafficPolicy"] = "Local");
        Assert.InRange(again.Number("spec", "healthCheckNodePort")!.Value, 30086, 32767);
    }

    [Fact]
    public void The_class_of_a_load_balancer_does_not_change_and_goes_with_the_type()
    {
        const string Fault = "may not change once set";
        var classed = _dual.Create(Service("""{"type":"LoadBalancer","loadBalancerClass":"example.com/a","ports":[{"port":80}]}"""));
        Assert.Equal(
            [$"spec.loadBalancerClass: Invalid value: \"example.com/b\": {Fault}"], _dual.UpdateFaults(classed, service => service["spec"]!["loadBalancerClass"] = "example.com/b"));
        Assert.Contains(Fault, Assert.Single(_dual.UpdateFaults(classed, service => service["spec"]!.AsObject().Remove("loadBalancerClass"))), StringComparison.Ordinal);
        var plain = _dual.Create(Service("""{"type":"LoadBalancer","ports":[{"port":80}]}""", "plain"));
        Assert.Contains(Fault, Assert.Single(_dual.UpdateFaults(plain, service => service["spec"]!["loadBalancerClass"] = "example.com/a")), StringComparison.Ordinal);
        Assert.Null(_dual.Update(classed, service => service["spec"]!["type"] = "NodePort")["spec"]!["loadBalancerClass"]);
        Assert.Equal(
            ["spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"],
            _dual.Faults(Service("""{"loadBalancerClass":"example.com/a","ports":[{"port":80}]}""", "no")));
    }

    [Fact]
    public void Node_ports_that_are_not_allocated_may_be_asked_for_and_are_given_up_by_hand()
    {
        var asked = _dual.Create(Service("""{"type":"LoadBalancer","allocateLoadBalancerNodePorts":false,"ports":[{"name":"a","port":80,"nodePort":30555},{"name":"b","port":81}]}"""));
        Assert.Equal((30555L, null), (NodePort(asked), NodePort(asked, 1)));
        var cleared = _dual.Update(asked, service => service["spec"]!["ports"]![0]!.AsObject().Remove("nodePort"));
        Assert.Null(NodePort(cleared));
        _dual.Create(Service("""{"type":"NodePort","ports":[{"port":80,"nodePort":30555}]}""", "heir"));
        var allocated = _dual.Update(cleared, service => service["spec"]!["allocateLoadBalancerNodePorts"] = true);
        Assert.NotNull(NodePort(allocated, 1));
    }

    [Fact]
    public void The_second_family_is_given_up_by_policy_only_and_its_address_is_free_then()
    {
        var dual = _dual.Create(Service("""{"ipFamilyPolicy":"RequireDualStack","ports":[{"port":80}]}"""));
        var second = dual.List("spec", "clusterIPs").Texts().Last();
        Assert.Contains("may not change once set", Assert.Single(_dual.UpdateFaults(dual, service =>
        {
            service["spec"]!["clusterIPs"]!.AsArray().RemoveAt(1);
            service["spec"]!["ipFamilies"]!.AsArray().RemoveAt(1);
        })), StringComparison.Ordinal);
        Assert.Contains(
            "spec.ipFamilies[0]: Invalid value: [\"IPv6\",\"IPv4\"]: may not change once set",
            _dual.UpdateFaults(dual, service => service["spec"]!["ipFamilies"] = new JsonArray("IPv6", "IPv4")));
        _dual.Update(dual, service => service["spec"]!["ipFamilyPolicy"] = "SingleStack");
        _dual.Create(Service($$"""{"clusterIP":"{{second}}","ports":[{"port":80}]}""", "heir"));
    }

    [Fact]
    public void A_Service_that_prefers_two_families_is_not_widened_because_the_cluster_was()
    {
        var narrow = new KindHarness(KindHarness.SingleStack()).Create(Service("""{"clusterIP":"10.96.0.77","ipFamilyPolicy":"PreferDualStack","ports":[{"port":80}]}"""));
        Assert.Equal(["IPv4"], narrow.List("spec", "ipFamilies").Texts());
        var later = _dual.Update(narrow, service => service["metadata"]!["labels"] = new JsonObject { ["a"] = "b" });
        Assert.Equal(["IPv4"], later.List("spec", "ipFamilies").Texts());
        Assert.Equal(["10.96.0.77"], later.List("spec", "clusterIPs").Texts());
    }

    [Fact]
    public void A_Service_may_become_headless_only_by_being_made_anew_or_by_way_of_ExternalName()
    {
        var old = _dual.Create(Service("""{"clusterIP":"10.96.0.88","selector":{"a":"b"},"ports":[{"port":80}]}"""));
        Assert.Contains("may not change once set", Assert.Single(_dual.UpdateFaults(old, service =>
        {
            service["spec"]!["clusterIP"] = "None";
            service["spec"]!["clusterIPs"] = new JsonArray("None");
        })), StringComparison.Ordinal);
        var external = _dual.Update(old, service =>
        {
            service["spec"]!["type"] = "ExternalName";
            service["spec"]!["externalName"] = "a.example";
        });
        var headless = _dual.Update(external, service =>
        {
            service["spec"]!["type"] = "ClusterIP";
            service["spec"]!["clusterIP"] = "None";
            service["spec"]!.AsObject().Remove("externalName");
        });
        Assert.Equal(["None"], headless.List("spec", "clusterIPs").Texts());
    }

    private static string Fate(string? old, string? now) => now is null ? "gone" : now == old ? "kept" : "new";

    private static long? NodePort(JsonObject service, int index = 0) => service["spec"]!["ports"]![index].Number("nodePort");

    private static string Service(string spec, string name = "x") =>
        $$"""{"apiVersion":"v1","kind":"Service","metadata":{"name":"{{name}}"},"spec":{{spec}}}""";
}
