using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.ControlPlane.Controllers;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Controllers;

public sealed class ControllersOverTheApiTests
{
    private const string Service = """
        { "metadata": { "name": "web" }, "spec": { "clusterIP": "10.96.7.7", "selector": { "app": "web" }, "ports": [ { "port": 80, "targetPort": 8080 } ] } }
        """;

    [Fact]
    public async Task A_Deployment_becomes_bound_pods_and_its_Service_gets_their_addresses()
    {
        await using var cluster = await ControlledCluster.StartAsync();
        cluster.PlayNodes();
        await cluster.SchedulesAsync("n1", "n2");
        await cluster.CreateAsync(ResourceTypes.Services, "default", Service);
        await cluster.CreateAsync(ResourceTypes.Deployments, "default", Deployment(4));

        var slices = await cluster.UntilAsync(ResourceTypes.EndpointSlices, "default", items =>
            items.Count == 1 && items[0].Objects("endpoints").Count(endpoint => endpoint.Flag("conditions", "ready")) == 4);
        var pods = await cluster.ListAsync(ResourceTypes.Pods, "default");
        Assert.Equal([2, 2], pods.CountBy(pod => pod.Text("spec", "nodeName")).Select(pair => pair.Value));
        Assert.Equal(
            pods.Select(pod => pod.Text("status", "podIP")).Order(), slices[0].Objects("endpoints").Select(endpoint => endpoint.Texts("addresses")[0]).Order());
        Assert.All(slices[0].Objects("endpoints"), endpoint => Assert.Equal(endpoint.Text("nodeName").Replace('n', 'z'), endpoint.Text("zone")));
        Assert.Equal("web-", slices[0].Text("metadata", "generateName"));
        Assert.StartsWith("web-", slices[0].Text("metadata", "name"), StringComparison.Ordinal);
        Assert.Equal("Service web True", slices[0].Objects("metadata", "ownerReferences").Select(owner => $"{owner.Text("kind")} {owner.Text("name")} {owner.Flag("controller")}").Single());
        Assert.NotEmpty(slices[0].Text("metadata", "annotations", "endpoints.kubernetes.io/last-change-trigger-time"));

        var endpoints = await cluster.UntilAsync(
            ResourceTypes.Endpoints, "default", items => items.Count == 1 && items[0].Objects("subsets").SelectMany(subset => subset.Objects("addresses")).Count() == 4);
        Assert.Equal("endpoint-controller", endpoints[0].Text("metadata", "labels", "endpoints.kubernetes.io/managed-by"));
        var settled = await cluster.UntilAsync(ResourceTypes.Deployments, "default", items => items[0].Number(0, "status", "availableReplicas") == 4);
        Assert.Equal("1", settled[0].Text("metadata", "annotations", "deployment.kubernetes.io/revision"));
        await cluster.UntilAsync(ResourceTypes.Events, "default", items => new[] { "Scheduled", "SuccessfulCreate", "ScalingReplicaSet" }
            .All(reason => items.Any(item => item.Text("reason") == reason)));
    }

    [Fact]
    public async Task A_rollout_replaces_every_pod_and_an_undo_brings_the_old_ReplicaSet_back()
    {
        await using var cluster = await ControlledCluster.StartAsync();
        cluster.PlayNodes();
        await cluster.CreateAsync(ResourceTypes.Deployments, "default", Deployment(3));
        await UntilRolledOutAsync(cluster, 3);
        var first = Assert.Single(await cluster.ListAsync(ResourceTypes.ReplicaSets, "default")).Text("metadata", "name");

        await cluster.PatchAsync(ResourceTypes.Deployments, "default", "web", """{ "spec": { "template": { "spec": { "containers": [ { "name": "c", "image": "web:2" } ] } } } }""");
        await UntilRolledOutAsync(cluster, 3, "2");
        Assert.All(await cluster.ListAsync(ResourceTypes.Pods, "default"), pod => Assert.Equal("web:2", pod.Objects("spec", "containers").First().Text("image")));

        await cluster.PatchAsync(ResourceTypes.Deployments, "default", "web", """{ "spec": { "template": { "spec": { "containers": [ { "name": "c", "image": "web:1" } ] } } } }""");
        await UntilRolledOutAsync(cluster, 3, "3");
        var sets = await cluster.ListAsync(ResourceTypes.ReplicaSets, "default");
        Assert.Equal(2, sets.Count);
        Assert.Equal(3, sets.Single(set => set.Text("metadata", "name") == first).Number(0, "spec", "replicas"));
    }

    [Fact]
    public async Task Scaling_makes_and_removes_pods_and_their_endpoints()
    {
        await using var cluster = await ControlledCluster.StartAsync();
        cluster.PlayNodes();
        await cluster.CreateAsync(ResourceTypes.Services, "default", Service);
        await cluster.CreateAsync(ResourceTypes.Deployments, "default", Deployment(1));
        await UntilRolledOutAsync(cluster, 1);
        foreach (var replicas in new[] { 12, 2, 0 })
        {
            var scale = new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } };
            await cluster.Api.PatchAsync(ResourceTypes.Deployments, "default", "web", "scale", PatchKind.Merge, scale, default);
            await cluster.UntilAsync(ResourceTypes.Pods, "default", items => items.Count == replicas);
            await cluster.UntilAsync(ResourceTypes.EndpointSlices, "default", items => items.Sum(slice => slice.Objects("endpoints").Count()) == replicas);
        }

        // What nothing serves keeps one slice that says so.
        Assert.Single(await cluster.ListAsync(ResourceTypes.EndpointSlices, "default"));
    }

    [Fact]
    public async Task Deleting_a_Deployment_takes_everything_it_made_along()
    {
        await using var cluster = await ControlledCluster.StartAsync();
        cluster.PlayNodes();
        await cluster.CreateAsync(ResourceTypes.Deployments, "default", Deployment(3));
        await UntilRolledOutAsync(cluster, 3);
        await cluster.DeleteAsync(ResourceTypes.Deployments, "default", "web", """{ "propagationPolicy": "Background" }""");
        await cluster.UntilAsync(ResourceTypes.ReplicaSets, "default", items => items.Count == 0);
        await cluster.UntilAsync(ResourceTypes.Pods, "default", items => items.Count == 0);
    }

    [Fact]
    public async Task Foreground_deletion_keeps_the_owner_until_its_dependents_are_gone()
    {
        await using var cluster = await ControlledCluster.StartAsync();
        await cluster.CreateAsync(ResourceTypes.Deployments, "default", Deployment(1));
        await cluster.UntilAsync(ResourceTypes.Pods, "default", items => items.Count == 1 && items[0].Text("spec", "nodeName").Length > 0);
        await cluster.DeleteAsync(ResourceTypes.Deployments, "default", "web", """{ "propagationPolicy": "Foreground" }""");
        await cluster.UntilAsync(ResourceTypes.Pods, "default", items => items.All(pod => pod.Text("metadata", "deletionTimestamp").Length > 0));
        Assert.Single(await cluster.ListAsync(ResourceTypes.Deployments, "default"));

        cluster.PlayNodes();
        await cluster.UntilAsync(ResourceTypes.Deployments, "default", items => items.Count == 0);
        Assert.Empty(await cluster.ListAsync(ResourceTypes.Pods, "default"));
    }

    [Fact]
    public async Task Orphan_deletion_leaves_the_pods_without_an_owner()
    {
        await using var cluster = await ControlledCluster.StartAsync();
        cluster.PlayNodes();
        await cluster.CreateAsync(ResourceTypes.ReplicaSets, "default", Deployment(2));
        await cluster.UntilAsync(ResourceTypes.Pods, "default", items => items.Count == 2);
        await cluster.DeleteAsync(ResourceTypes.ReplicaSets, "default", "web", """{ "propagationPolicy": "Orphan" }""");
        await cluster.UntilAsync(ResourceTypes.ReplicaSets, "default", items => items.Count == 0);
        var pods = await cluster.ListAsync(ResourceTypes.Pods, "default");
        Assert.Equal(2, pods.Count);
        Assert.All(pods, pod => Assert.Empty(pod.Objects("metadata", "ownerReferences")));
    }

    [Fact]
    public async Task A_pod_that_fits_nowhere_says_why_and_is_bound_once_a_node_fits()
    {
        await using var cluster = await ControlledCluster.StartAsync(nodes: 1);
        await cluster.CreateAsync(ResourceTypes.Pods, "default", """
            { "metadata": { "name": "p" }, "spec": { "nodeSelector": { "disk": "ssd" }, "containers": [ { "name": "c", "image": "web:1" } ] } }
            """);
        var pods = await cluster.UntilAsync(ResourceTypes.Pods, "default", items => items[0].Objects("status", "conditions").Any(condition => condition.Text("status") == "False"));
        Assert.Equal("Unschedulable", pods[0].Objects("status", "conditions").First().Text("reason"));
        await cluster.UntilAsync(ResourceTypes.Events, "default", items => items.Any(item => item.Text("reason") == "FailedScheduling"));

        await cluster.PatchAsync(ResourceTypes.Nodes, "", "n1", """{ "metadata": { "labels": { "disk": "ssd" } } }""");
        await cluster.UntilAsync(ResourceTypes.Pods, "default", items => items[0].Text("spec", "nodeName") == "n1");
    }

    [Fact]
    public async Task A_namespace_is_furnished_and_goes_with_all_its_content()
    {
        await using var cluster = await ControlledCluster.StartAsync(options: new ControllerOptions { RootCertificate = "PEM" });
        await cluster.CreateAsync(ResourceTypes.Namespaces, "", """{ "metadata": { "name": "shop" } }""");
        await cluster.UntilAsync(ResourceTypes.ServiceAccounts, "shop", items => items.Any(item => item.Text("metadata", "name") == "default"));
        var maps = await cluster.UntilAsync(ResourceTypes.ConfigMaps, "shop", items => items.Count == 1);
        Assert.Equal("PEM", maps[0].Text("data", "ca.crt"));

        await cluster.CreateAsync(ResourceTypes.Deployments, "shop", Deployment(2));
        await cluster.CreateAsync(ResourceTypes.NetworkPolicies, "shop", """{ "metadata": { "name": "np" }, "spec": { "podSelector": {} } }""");
        await cluster.UntilAsync(ResourceTypes.Pods, "shop", items => items.Count == 2 && items.All(pod => pod.Text("spec", "nodeName").Length > 0));
        await cluster.DeleteAsync(ResourceTypes.Namespaces, "", "shop");
        await cluster.UntilAsync(ResourceTypes.Pods, "shop", items => items.All(pod => pod.Text("metadata", "deletionTimestamp").Length > 0));

        // The pods are still there, so the policy that protects them is too.
        Assert.Single(await cluster.ListAsync(ResourceTypes.NetworkPolicies, "shop"));
        cluster.PlayNodes();
        await cluster.UntilAsync(ResourceTypes.Namespaces, "", items => items.All(item => item.Text("metadata", "name") != "shop"));
        Assert.Empty(await cluster.ListAsync(ResourceTypes.NetworkPolicies, "shop"));
        Assert.Empty(await cluster.ListAsync(ResourceTypes.ConfigMaps, "shop"));
    }

    [Fact]
    public async Task Nodes_get_ranges_that_do_not_overlap()
    {
        await using var cluster = await ControlledCluster.StartAsync(nodes: 3);
        var nodes = await cluster.UntilAsync(ResourceTypes.Nodes, "", items => items.All(node => node.Text("spec", "podCIDR").Length > 0));
        Assert.Equal(["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"], nodes.Select(node => node.Text("spec", "podCIDR")).Order());
        Assert.All(nodes, node => Assert.Equal([node.Text("spec", "podCIDR")], node.Texts("spec", "podCIDRs")));
    }

    [Fact]
    public async Task Events_are_counted_and_go_when_their_time_has_passed()
    {
        var time = new FakeTimeProvider(Make.Start);
        await using var cluster = await ControlledCluster.StartAsync(nodes: 1, time: time);
        var recorder = new EventRecorder(cluster.Api, "test", "", time, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var subject = new EventSubject("v1", "Pod", new Cluster.Model.ObjectKey("default", "p"), "uid-p");
        await recorder.WarningAsync(subject, "BackOff", "it fails", default);
        await recorder.WarningAsync(subject, "BackOff", "it fails", default);
        await recorder.WarningAsync(subject, "BackOff", "it fails differently", default);
        var events = await cluster.ListAsync(ResourceTypes.Events, "default");
        Assert.Equal([("it fails", 2), ("it fails differently", 1)], events.Select(item => (item.Text("message"), item.Number(0, "count"))).Order());

        var gone = cluster.UntilAsync(ResourceTypes.Events, "default", items => items.Count == 0);
        while (!gone.IsCompleted)
        {
            time.Advance(TimeSpan.FromMinutes(10));
            await Task.Yield();
        }

        await gone;
    }

    [Fact]
    public async Task A_users_own_Endpoints_appear_as_slices_and_go_with_it()
    {
        await using var cluster = await ControlledCluster.StartAsync(nodes: 0);
        await cluster.CreateAsync(ResourceTypes.Services, "default", """{ "metadata": { "name": "db" }, "spec": { "clusterIP": "10.96.7.8", "ports": [ { "port": 5432 } ] } }""");
        await cluster.CreateAsync(ResourceTypes.Endpoints, "default", """
            { "metadata": { "name": "db" }, "subsets": [ { "addresses": [ { "ip": "192.0.2.1" } ], "ports": [ { "port": 5432 } ] } ] }
            """);
        var slices = await cluster.UntilAsync(ResourceTypes.EndpointSlices, "default", items => items.Count == 1);
        Assert.Equal("192.0.2.1", slices[0].Objects("endpoints").First().Texts("addresses")[0]);
        Assert.Equal("endpointslicemirroring-controller.k8s.io", slices[0].Text("metadata", "labels", "endpointslice.kubernetes.io/managed-by"));
        Assert.Equal("Endpoints db", slices[0].Objects("metadata", "ownerReferences").Select(owner => $"{owner.Text("kind")} {owner.Text("name")}").Single());
        await cluster.PatchAsync(ResourceTypes.Endpoints, "default", "db", """
            { "metadata": { "annotations": { "a": "b" } }, "subsets": [ { "addresses": [ { "ip": "192.0.2.2" } ], "ports": [ { "port": 5433 } ] } ] }
            """);
        await cluster.UntilAsync(ResourceTypes.EndpointSlices, "default", items => items.Count == 1 && items[0].Text("metadata", "annotations", "a") == "b"
            && items[0].Objects("endpoints").Single().Texts("addresses")[0] == "192.0.2.2" && items[0]["ports"]![0].Number(0, "port") == 5433);
        await cluster.DeleteAsync(ResourceTypes.Endpoints, "default", "db");
        await cluster.UntilAsync(ResourceTypes.EndpointSlices, "default", items => items.Count == 0);
    }

    [Fact]
    public async Task Endpoints_of_more_than_a_thousand_pods_say_that_they_are_not_all()
    {
        await using var cluster = await ControlledCluster.StartAsync(nodes: 0);
        await Parallel.ForAsync(0, 1001, async (i, _) =>
        {
            await cluster.CreateAsync(ResourceTypes.Pods, "default", $$"""
                { "metadata": { "name": "p{{i}}", "labels": { "app": "web" } }, "spec": { "nodeName": "n1", "containers": [ { "name": "c", "image": "c" } ] } }
                """);
            var ip = $"10.244.{i / 250}.{i % 250}";
            await cluster.StatusAsync(ResourceTypes.Pods, "default", $"p{i}", $$"""
                { "phase": "Running", "podIP": "{{ip}}", "podIPs": [ { "ip": "{{ip}}" } ], "conditions": [ { "type": "Ready", "status": "True" } ] }
                """);
        });
        await cluster.CreateAsync(ResourceTypes.Services, "default", Service);
        var endpoints = await cluster.UntilAsync(ResourceTypes.Endpoints, "default", items => items.Any(item => Addresses(item) == 1000));
        Assert.Equal("truncated", endpoints[0].Text("metadata", "annotations", "endpoints.kubernetes.io/over-capacity"));
        foreach (var pod in new[] { "p0", "p1" })
        {
            await cluster.DeleteAsync(ResourceTypes.Pods, "default", pod, """{ "gracePeriodSeconds": 0 }""");
        }

        endpoints = await cluster.UntilAsync(ResourceTypes.Endpoints, "default", items => Addresses(items[0]) == 999);
        Assert.Equal("", endpoints[0].Text("metadata", "annotations", "endpoints.kubernetes.io/over-capacity"));

        static int Addresses(System.Text.Json.Nodes.JsonObject item) => item.Objects("subsets").Sum(subset => subset.Objects("addresses").Count());
    }

    private static string Deployment(int replicas) => $$"""
        { "metadata": { "name": "web" },
          "spec": { "replicas": {{replicas}}, "selector": { "matchLabels": { "app": "web" } },
                    "template": { "metadata": { "labels": { "app": "web" } }, "spec": { "containers": [ { "name": "c", "image": "web:1" } ] } } } }
        """;

    private static async Task UntilRolledOutAsync(ControlledCluster cluster, int replicas, string revision = "1") =>
        await cluster.UntilAsync(ResourceTypes.Deployments, "default", items =>
            items[0].Text("metadata", "annotations", "deployment.kubernetes.io/revision") == revision
            && items[0].Number("status", "observedGeneration") == items[0].Number("metadata", "generation")
            && items[0].Number(0, "status", "updatedReplicas") == replicas
            && items[0].Number(0, "status", "replicas") == replicas
            && items[0].Number(0, "status", "availableReplicas") == replicas
            && items[0].Objects("status", "conditions").Any(condition => condition.Text("reason") == "NewReplicaSetAvailable"));
}
