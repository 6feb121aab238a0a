using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Controllers;

/// <summary>Further ServiceCIDRs and the IPAddresses of Services (KEP-1880), over the real API and controllers.</summary>
public sealed class ServiceCidrTests
{
    [Fact]
    public async Task A_full_cluster_gets_addresses_of_a_second_range_once_that_is_Ready()
    {
        await using var cluster = await ControlledCluster.StartAsync(0, serviceRange: "10.0.0.0/29");
        for (var i = 1; i <= 6; i++)
        {
            Assert.True(IpNet.Parse("10.0.0.0/29").Contains(await ServiceAsync(cluster, $"s{i}")));
        }

        var full = await Assert.ThrowsAsync<KubeException>(() => ServiceAsync(cluster, "s7"));
        Assert.Contains("range 10.0.0.0/29 is full", full.Message, StringComparison.Ordinal);
        await RangeAsync(cluster, "more", "192.168.5.0/28");

        Assert.True(IpNet.Parse("192.168.5.0/28").Contains(await ServiceAsync(cluster, "s7")));
        Assert.Equal(IpAddr.Parse("192.168.5.9"), await ServiceAsync(cluster, "s8", "192.168.5.9"));
        var taken = await Assert.ThrowsAsync<KubeException>(() => ServiceAsync(cluster, "s9", "192.168.5.9"));
        Assert.Contains("provided IP is already allocated", taken.Message, StringComparison.Ordinal);
        var outside = await Assert.ThrowsAsync<KubeException>(() => ServiceAsync(cluster, "s9", "192.168.6.9"));
        Assert.Contains("does not match the current range, which is 10.0.0.0/29, 192.168.5.0/28", outside.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_range_in_use_stays_Terminating_and_gives_nothing_until_its_last_Service_goes()
    {
        var time = new FakeTimeProvider(Make.Start);
        await using var cluster = await ControlledCluster.StartAsync(0, time: time, serviceRange: "10.0.0.0/29");
        await RangeAsync(cluster, "more", "192.168.5.0/28");
        await ServiceAsync(cluster, "web", "192.168.5.9");
        await cluster.DeleteAsync(ResourceTypes.ServiceCidrs, "", "more");

        var waiting = await cluster.UntilAsync(ResourceTypes.ServiceCidrs, "", items => Ready(items, "more") == "False Terminating");
        Assert.Contains(
            "There are still IPAddresses referencing the ServiceCIDR",
            waiting.Single(item => Name(item) == "more").Objects("status", "conditions").Single().Text("message"), StringComparison.Ordinal);
        await Assert.ThrowsAsync<KubeException>(() => ServiceAsync(cluster, "next", "192.168.5.8"));
        time.Advance(TimeSpan.FromSeconds(11));
        await cluster.DeleteAsync(ResourceTypes.Services, "default", "web");
        await cluster.UntilAsync(ResourceTypes.ServiceCidrs, "", items => items.All(item => Name(item) != "more"));
    }

    [Fact]
    public async Task A_range_in_use_may_go_when_a_wider_one_holds_its_addresses_and_none_is_given_twice()
    {
        var time = new FakeTimeProvider(Make.Start);
        await using var cluster = await ControlledCluster.StartAsync(0, time: time, serviceRange: "10.0.0.0/29");
        await RangeAsync(cluster, "more", "192.168.5.0/30");
        await ServiceAsync(cluster, "web", "192.168.5.1");
        await cluster.DeleteAsync(ResourceTypes.ServiceCidrs, "", "more");
        await cluster.UntilAsync(ResourceTypes.ServiceCidrs, "", items => Ready(items, "more") == "False Terminating");
        time.Advance(TimeSpan.FromSeconds(11));
        var gone = cluster.UntilAsync(ResourceTypes.ServiceCidrs, "", items => items.All(item => Name(item) != "more"));
        await RangeAsync(cluster, "wider", "192.168.5.0/29");
        await gone;
        var taken = await Assert.ThrowsAsync<KubeException>(() => ServiceAsync(cluster, "other", "192.168.5.1"));
        Assert.Contains("provided IP is already allocated", taken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_clusters_own_range_comes_back()
    {
        var time = new FakeTimeProvider(Make.Start);
        await using var cluster = await ControlledCluster.StartAsync(0, time: time, serviceRange: "10.0.0.0/29");
        var first = (await cluster.GetAsync(ResourceTypes.ServiceCidrs, "", "kubernetes")).Text("metadata", "uid");
        await cluster.PatchAsync(ResourceTypes.ServiceCidrs, "", "kubernetes", """{ "metadata": { "finalizers": [ "example.com/mine" ] } }""");
        await cluster.UntilAsync(ResourceTypes.ServiceCidrs, "", items => items[0].Texts("metadata", "finalizers").Count == 2);
        await cluster.DeleteAsync(ResourceTypes.ServiceCidrs, "", "kubernetes");
        time.Advance(TimeSpan.FromSeconds(11));
        await cluster.PatchAsync(ResourceTypes.ServiceCidrs, "", "kubernetes", """{ "metadata": { "finalizers": null } }""");
        await cluster.UntilAsync(ResourceTypes.ServiceCidrs, "", items => items.Count == 1 && items[0].Text("metadata", "uid") != first && Ready(items, "kubernetes") == "True ");
        Assert.True(IpNet.Parse("10.0.0.0/29").Contains(await ServiceAsync(cluster, "web")));
    }

    [Fact]
    public async Task Each_address_of_a_Service_is_an_IPAddress_that_comes_back_and_goes_with_it()
    {
        await using var cluster = await ControlledCluster.StartAsync(0, serviceRange: "10.0.0.0/29");
        await ServiceAsync(cluster, "web", "10.0.0.5");
        var made = Assert.Single(await cluster.UntilAsync(ResourceTypes.IPAddresses, "", items => items.Count == 1));
        Assert.Equal("10.0.0.5", Name(made));
        Assert.Equal("IPv4", made.Text("metadata", "labels", "ipaddress.kubernetes.io/ip-family"));
        Assert.Equal("ipallocator.k8s.io", made.Text("metadata", "labels", "ipaddress.kubernetes.io/managed-by"));
        Assert.Equal(
            """{"group":"","resource":"services","namespace":"default","name":"web"}""", made["spec"]!["parentRef"]!.ToJsonString());

        await cluster.DeleteAsync(ResourceTypes.IPAddresses, "", "10.0.0.5");
        await cluster.UntilAsync(ResourceTypes.IPAddresses, "", items => items.Count == 1 && items[0].Text("metadata", "uid") != made.Text("metadata", "uid"));
        await cluster.CreateAsync(ResourceTypes.IPAddresses, "", Address("10.0.0.3", """ "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io" """));
        await cluster.UntilAsync(ResourceTypes.IPAddresses, "", items => items.Count == 1 && Name(items[0]) == "10.0.0.5");
        await cluster.DeleteAsync(ResourceTypes.Services, "default", "web");
        await cluster.UntilAsync(ResourceTypes.IPAddresses, "", items => items.Count == 0);
    }

    [Fact]
    public async Task An_address_that_another_has_claimed_is_not_given()
    {
        await using var cluster = await ControlledCluster.StartAsync(0, serviceRange: "10.0.0.0/30");
        await cluster.CreateAsync(ResourceTypes.IPAddresses, "", Address("10.0.0.1", ""));
        var taken = await Assert.ThrowsAsync<KubeException>(() => ServiceAsync(cluster, "a", "10.0.0.1"));
        Assert.Contains("provided IP is already allocated", taken.Message, StringComparison.Ordinal);
        Assert.Equal(IpAddr.Parse("10.0.0.2"), await ServiceAsync(cluster, "a"));
        await Assert.ThrowsAsync<KubeException>(() => ServiceAsync(cluster, "b"));
        await cluster.DeleteAsync(ResourceTypes.IPAddresses, "", "10.0.0.1");
        Assert.Equal(IpAddr.Parse("10.0.0.1"), await ServiceAsync(cluster, "b"));
    }

    private static async Task<IpAddr> ServiceAsync(ControlledCluster cluster, string name, string address = "")
    {
        var wish = address.Length == 0 ? "" : $""" "clusterIP": "{address}", """;
        var service = await cluster.CreateAsync(
            ResourceTypes.Services, "default", $$"""{ "metadata": { "name": "{{name}}" }, "spec": { {{wish}} "ports": [ { "port": 80 } ] } }""");
        return IpAddr.Parse(service.Text("spec", "clusterIP"));
    }

    private static async Task RangeAsync(ControlledCluster cluster, string name, string range)
    {
        await cluster.CreateAsync(ResourceTypes.ServiceCidrs, "", $$"""{ "metadata": { "name": "{{name}}" }, "spec": { "cidrs": [ "{{range}}" ] } }""");
        await cluster.UntilAsync(ResourceTypes.ServiceCidrs, "", items => items.Any(item => Name(item) == name
            && Ready(items, name) == "True " && item.Texts("metadata", "finalizers").SequenceEqual(["networking.k8s.io/service-cidr-finalizer"])));
    }

    private static string Address(string name, string label) => $$"""
        { "metadata": { "name": "{{name}}", "labels": { {{label}} } },
          "spec": { "parentRef": { "resource": "services", "namespace": "default", "name": "nobody" } } }
        """;

    private static string Name(JsonObject item) => item.Text("metadata", "name");

    private static string Ready(IEnumerable<JsonObject> items, string name) => items.Where(item => Name(item) == name)
        .SelectMany(item => item.Objects("status", "conditions")).Select(condition => $"{condition.Text("status")} {condition.Text("reason")}")
        .FirstOrDefault("");
}
