using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Controllers;
using Fairlead.ControlPlane.Controllers.Nodes;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.Tests.Controllers;

/// <summary>A node whose Lease lapses. Everything runs on the real clock, with a short grace; what is waited for is seen by a watch begun before.</summary>
public sealed class LostNodeTests
{
    private const string Service = """
        { "metadata": { "name": "web" }, "spec": { "clusterIP": "10.96.7.7", "selector": { "app": "web" }, "ports": [ { "port": 80 } ] } }
        """;

    private const string Lease = """{ "metadata": { "name": "n1" }, "spec": { "holderIdentity": "n1" } }""";

    [Fact]
    public async Task Its_pods_are_not_ready_then_no_endpoints_then_evicted()
    {
        await using var cluster = await StartAsync(3);
        var unready = cluster.UntilAsync(ResourceTypes.Pods, "default", items => items.Any(pod => Ready(pod) == "False NodeLost"));
        var unserved = cluster.UntilAsync(ResourceTypes.EndpointSlices, "default", items =>
            items.SelectMany(slice => slice.Objects("endpoints")).Any(endpoint => !endpoint.Flag("conditions", "ready")));
        var evicted = cluster.UntilAsync(ResourceTypes.Pods, "default", items => items.Count == 0);
        await cluster.CreateAsync(ResourceTypes.Leases, "kube-node-lease", Lease);
        await unready;
        await unserved;
        await evicted;
        var node = await cluster.GetAsync(ResourceTypes.Nodes, "", "n1");
        Assert.Equal(
            ["NoExecute", "NoSchedule"],
            node.Objects("spec", "taints").Where(taint => taint.Text("key") == "node.kubernetes.io/unreachable").Select(taint => taint.Text("effect")).Order());
        Assert.Contains(
            await cluster.ListAsync(ResourceTypes.Events, "default"), item => item.Text("reason") == "TaintManagerEviction");
    }

    [Fact]
    public async Task A_node_that_speaks_again_has_its_pods_ready_and_no_taints()
    {
        await using var cluster = await StartAsync(300);
        var unready = cluster.UntilAsync(ResourceTypes.Pods, "default", items => items.Any(pod => Ready(pod) == "False NodeLost"));
        await cluster.CreateAsync(ResourceTypes.Leases, "kube-node-lease", Lease);
        await unready;
        var ready = cluster.UntilAsync(ResourceTypes.Pods, "default", items => items.Any(pod => Ready(pod).StartsWith("True", StringComparison.Ordinal)));
        var free = cluster.UntilAsync(ResourceTypes.Nodes, "", items => !items[0].Objects("spec", "taints").Any());
        var both = Task.WhenAll(ready, free);

        // A node repeats itself: with so short a grace it may be taken for lost again in between.
        while (!both.IsCompleted)
        {
            await cluster.StatusAsync(ResourceTypes.Nodes, "", "n1", """{ "conditions": [ { "type": "Ready", "status": "True" } ] }""");
            await Task.WhenAny(both, Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System));
        }

        await both;
    }

    [Theory]
    [InlineData(null, "", 0)]
    [InlineData(5L, "k", 5)]
    [InlineData(-1L, "k", 0)]
    [InlineData(5L, "other", 0)]
    public void A_pod_stays_as_long_as_its_tolerations_bear_the_taints(long? seconds, string key, int stays)
    {
        var pod = Make.Pod("p") with { Tolerations = key.Length == 0 ? [] : [new Toleration(key, true, "", "NoExecute") { Seconds = seconds }] };
        Assert.Equal(TimeSpan.FromSeconds(stays), NodePodsPlan.StaysFor(pod, [new Taint("k", "", "NoExecute")]));
        Assert.Null(NodePodsPlan.StaysFor(pod, [new Taint("k", "", "NoSchedule")]));
        Assert.Null(NodePodsPlan.StaysFor(pod with { Tolerations = [new Toleration("k", true, "", "")] }, [new Taint("k", "", "NoExecute")]));
    }

    [Fact]
    public void A_taints_time_runs_from_when_it_came_and_the_first_to_run_out_counts()
    {
        var now = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
        var pod = Make.Pod("p") with
        {
            Tolerations = [new Toleration("a", true, "", "NoExecute") { Seconds = 600 }, new Toleration("b", true, "", "NoExecute") { Seconds = 300 }],
        };
        var early = new Taint("a", "", "NoExecute") { Since = now - TimeSpan.FromSeconds(500) };
        var late = new Taint("b", "", "NoExecute") { Since = now - TimeSpan.FromSeconds(10) };
        Assert.Equal(now + TimeSpan.FromSeconds(100), NodePodsPlan.GoesAt(pod, [early, late], now));
        Assert.Equal(now + TimeSpan.FromSeconds(290), NodePodsPlan.GoesAt(pod, [late], now));
        Assert.Null(NodePodsPlan.GoesAt(pod with { Tolerations = [new Toleration("", true, "", "")] }, [early, late], now));
    }

    [Fact]
    public async Task Controllers_that_start_anew_do_not_let_pods_stay_longer()
    {
        var before = DateTimeOffset.UnixEpoch.ToApiTime();
        await using var cluster = await ControlledCluster.StartAsync(1, new ControllerOptions());
        await cluster.CreateAsync(ResourceTypes.Pods, "default", """
            { "metadata": { "name": "p" }, "spec": { "nodeName": "n1", "terminationGracePeriodSeconds": 0, "containers": [ { "name": "c", "image": "i" } ],
              "tolerations": [ { "key": "k", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 86400 } ] } }
            """);
        await cluster.Api.PatchAsync(ResourceTypes.Nodes, "", "n1", "", PatchKind.Merge, JsonNode.Parse($$"""
            { "spec": { "taints": [ { "key": "k", "effect": "NoExecute", "timeAdded": "{{before}}" }, { "key": "other", "effect": "NoSchedule" } ] } }
            """)!, default);
        await cluster.UntilAsync(ResourceTypes.Pods, "default", items => items.Count == 0);
    }

    [Fact]
    public async Task A_taint_that_comes_without_its_time_gets_it_and_keeps_it()
    {
        await using var cluster = await ControlledCluster.StartAsync(1, new ControllerOptions());
        async Task<string> TaintAsync(string taints) => (await cluster.Api.PatchAsync(
            ResourceTypes.Nodes, "", "n1", "", PatchKind.Merge, JsonNode.Parse($$"""{ "spec": { "taints": {{taints}} } }""")!, default))
            .Objects("spec", "taints").Single(taint => taint.Text("key") == "k").Text("timeAdded");
        var added = await TaintAsync("""[ { "key": "k", "value": "v", "effect": "NoExecute", "timeAdded": "2026-01-02T03:04:05Z" } ]""");
        Assert.Equal("2026-01-02T03:04:05Z", added);
        Assert.Equal(added, await TaintAsync("""[ { "key": "k", "value": "v", "effect": "NoExecute" } ]"""));
        Assert.Matches("^2[0-9-]+T", await TaintAsync("""[ { "key": "k", "value": "w", "effect": "NoExecute" } ]"""));
        Assert.NotEqual(added, await TaintAsync("""[ { "key": "k", "value": "w", "effect": "NoExecute" } ]"""));
    }

    private static string Ready(JsonObject pod) =>
        pod.Objects("status", "conditions").Where(condition => condition.Text("type") == "Ready").Select(condition => $"{condition.Text("status")} {condition.Text("reason")}").FirstOrDefault("");

    private static async Task<ControlledCluster> StartAsync(int bearsSeconds)
    {
        var cluster = await ControlledCluster.StartAsync(1, new ControllerOptions { NodeGrace = TimeSpan.FromMilliseconds(200) });
        await cluster.CreateAsync(ResourceTypes.Services, "default", Service);
        await cluster.CreateAsync(ResourceTypes.Pods, "default", $$"""
            { "metadata": { "name": "p", "labels": { "app": "web" } }, "spec": { "nodeName": "n1", "terminationGracePeriodSeconds": 0,
              "containers": [ { "name": "c", "image": "i" } ],
              "tolerations": [ { "key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": {{bearsSeconds}} } ] } }
            """);
        await cluster.StatusAsync(ResourceTypes.Pods, "default", "p", """
            { "phase": "Running", "podIP": "10.244.0.9", "podIPs": [ { "ip": "10.244.0.9" } ],
              "conditions": [ { "type": "Ready", "status": "True" }, { "type": "ContainersReady", "status": "True" } ] }
            """);
        await cluster.UntilAsync(ResourceTypes.EndpointSlices, "default", items =>
            items.SelectMany(slice => slice.Objects("endpoints")).Any(endpoint => endpoint.Flag("conditions", "ready")));
        return cluster;
    }
}
