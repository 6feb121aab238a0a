using System.Text.Json.Nodes;
using Fairlead.Balancer.Allocate;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Testing;
using Fairlead.Tests.Controllers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Balancer;

public sealed class LoadBalancerControllerTests
{
    private static readonly BalancerOptions Options = new() { Pool = [AddressRange.Parse("192.0.2.1-192.0.2.2")] };

    [Fact]
    public async Task A_Service_gets_an_address_keeps_it_over_a_restart_and_gives_it_back_when_it_goes()
    {
        await using var cluster = await ControlledCluster.StartAsync(nodes: 0);
        await using (Run(cluster))
        {
            await cluster.CreateAsync(ResourceTypes.Services, "default", Service("a"));
            await cluster.CreateAsync(ResourceTypes.Services, "default", Service("b"));
            var services = await UntilAsync(cluster, "192.0.2.1", "192.0.2.2");
            Assert.All(services, item => Assert.Equal("VIP", item.Objects("status", "loadBalancer", "ingress").Single().Text("ipMode")));
            await cluster.DeleteAsync(ResourceTypes.Services, "default", services.Single(item => Address(item) == "192.0.2.1").Text("metadata", "name"));
            await UntilAsync(cluster, "192.0.2.2");
        }

        await using (Run(cluster))
        {
            await cluster.CreateAsync(ResourceTypes.Services, "default", Service("c"));
            await UntilAsync(cluster, "192.0.2.1", "192.0.2.2");
        }
    }

    [Fact]
    public async Task The_finalizer_stands_before_the_address_does()
    {
        await using var cluster = await ControlledCluster.StartAsync(nodes: 0);
        await using var running = Run(cluster);
        var watched = cluster.UntilAsync(ResourceTypes.Services, "default", items =>
        {
            foreach (var item in items.Where(item => Address(item).Length > 0))
            {
                Assert.Equal(["service.kubernetes.io/load-balancer-cleanup"], item.Texts("metadata", "finalizers"));
            }

            return items.Any(item => Address(item).Length > 0);
        });
        await cluster.CreateAsync(ResourceTypes.Services, "default", Service("a"));
        await watched;
        await cluster.DeleteAsync(ResourceTypes.Services, "default", "a");
        await cluster.UntilAsync(ResourceTypes.Services, "default", items => items.Count == 0);
    }

    [Fact]
    public async Task A_Service_that_finds_no_address_says_why_and_gets_the_next_that_is_free()
    {
        await using var cluster = await ControlledCluster.StartAsync(nodes: 0);
        await using var running = Run(cluster);
        foreach (var name in new[] { "a", "b" })
        {
            await cluster.CreateAsync(ResourceTypes.Services, "default", Service(name));
        }

        await UntilAsync(cluster, "192.0.2.1", "192.0.2.2");
        await cluster.CreateAsync(ResourceTypes.Services, "default", Service("late"));
        var events = await cluster.UntilAsync(ResourceTypes.Events, "default", items => items.Any(item => item.Text("reason") == "AllocationFailed"));
        Assert.Contains("no IPv4 address is left", events.Single(item => item.Text("reason") == "AllocationFailed").Text("message"), StringComparison.Ordinal);

        // Another type releases the address as a deletion does.
        await cluster.PatchAsync(ResourceTypes.Services, "default", "a", """{ "spec": { "type": "ClusterIP" } }""");
        await cluster.UntilAsync(ResourceTypes.Services, "default", items => Address(items.Single(item => item.Text("metadata", "name") == "late")).Length > 0);
        await cluster.UntilAsync(ResourceTypes.Services, "default", items =>
            !items.Single(item => item.Text("metadata", "name") == "a").Texts("metadata", "finalizers").Any());
    }

    [Fact]
    public async Task A_Service_of_another_class_is_not_touched()
    {
        await using var cluster = await ControlledCluster.StartAsync(nodes: 0);
        await using var running = Run(cluster);
        await cluster.CreateAsync(ResourceTypes.Services, "default", Service("theirs", """, "loadBalancerClass": "other.dev/lb" """));
        await cluster.CreateAsync(ResourceTypes.Services, "default", Service("ours"));
        var services = await UntilAsync(cluster, "", "192.0.2.1");
        Assert.Empty(services.Single(item => item.Text("metadata", "name") == "theirs").Texts("metadata", "finalizers"));
    }

    private static string Service(string name, string spec = "") => $$"""
        { "metadata": { "name": "{{name}}" }, "spec": { "type": "LoadBalancer", "ports": [ { "port": 80 } ] {{spec}} } }
        """;

    private static string Address(JsonObject service) => service.Objects("status", "loadBalancer", "ingress").FirstOrDefault().Text("ip");

    private static Task<IReadOnlyList<JsonObject>> UntilAsync(ControlledCluster cluster, params string[] addresses) =>
        cluster.UntilAsync(ResourceTypes.Services, "default", items => items.Select(Address).Order().SequenceEqual(addresses.Order()));

    private static RunningLoop Run(ControlledCluster cluster)
    {
        var controller = new LoadBalancerController(cluster.Api, Options, TimeProvider.System, NullLogger.Instance);
        return new RunningLoop(controller, controller.RunAsync);
    }
}
