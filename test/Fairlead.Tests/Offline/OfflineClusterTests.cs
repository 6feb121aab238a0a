using Fairlead.Cluster.Model;
using Fairlead.Cluster.Naming;
using Fairlead.Offline;

namespace Fairlead.Tests.Offline;

public sealed class OfflineClusterTests
{
    private const string Template = "template: {metadata: {labels: {app: x}}, spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}}";

    [Theory]
    [InlineData("apps/v1", "Deployment", "replicas: 5, selector: {matchLabels: {app: x}}, ", EndKind.Deployment, 2)]
    [InlineData("apps/v1", "Deployment", "selector: {matchLabels: {app: x}}, ", EndKind.Deployment, 1)]
    [InlineData("apps/v1", "Deployment", "replicas: 0, selector: {matchLabels: {app: x}}, ", EndKind.Deployment, 0)]
    [InlineData("apps/v1", "ReplicaSet", "replicas: 3, selector: {matchLabels: {app: x}}, ", EndKind.ReplicaSet, 2)]
    [InlineData("apps/v1", "StatefulSet", "replicas: 3, serviceName: s, selector: {matchLabels: {app: x}}, ", EndKind.StatefulSet, 3)]
    [InlineData("apps/v1", "DaemonSet", "selector: {matchLabels: {app: x}}, ", EndKind.DaemonSet, 2)]
    [InlineData("batch/v1", "Job", "", EndKind.Job, 1)]
    public void A_workload_stands_for_its_pods(string version, string kind, string spec, EndKind end, int pods)
    {
        var view = Manifest.View($"{{apiVersion: {version}, kind: {kind}, metadata: {{name: w, namespace: a}}, spec: {{{spec}{Template}}}}}");

        var made = view.PodsOf(new WorkloadName(end, new ObjectKey("a", "w"))).ToList();
        Assert.Equal(pods, made.Count);
        Assert.All(made, pod => Assert.Equal("x", pod.Labels["app"]));
        Assert.Contains(new WorkloadName(end, new ObjectKey("a", "w")), view.Workloads);
        Assert.Equal(made.Count, made.Select(pod => pod.IPs[0]).Distinct().Count());
    }

    [Fact]
    public void A_cron_jobs_template_and_a_stateful_sets_labels_are_where_they_are()
    {
        var view = Manifest.View(
            $$"""
            apiVersion: batch/v1
            kind: CronJob
            metadata: {name: c}
            spec: {schedule: "* * * * *", jobTemplate: {spec: {template: {metadata: {labels: {app: c} }, spec: {restartPolicy: OnFailure, containers: [{name: c, image: x}]} } } } }
            ---
            {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: s}, spec: {replicas: 2, selector: {matchLabels: {app: x} }, {{Template}} } }
            """);

        Assert.Single(view.PodsOf(new WorkloadName(EndKind.CronJob, new ObjectKey("default", "c"))));
        Assert.Equal(["s-0", "s-1"], view.PodsOf(new WorkloadName(EndKind.StatefulSet, new ObjectKey("default", "s"))).Select(pod => pod.Labels["statefulset.kubernetes.io/pod-name"]));
    }

    [Fact]
    public void Namespaces_that_are_only_named_are_there_with_their_label()
    {
        var view = Manifest.View(Manifest.Pod("web", "shop") + "---\n{apiVersion: v1, kind: Namespace, metadata: {name: prod, labels: {team: a}}}");

        Assert.Equal("kubernetes.io/metadata.name=shop", $"{view.World.Namespaces["shop"].Labels}");
        Assert.Equal("kubernetes.io/metadata.name=prod,team=a", $"{view.World.Namespaces["prod"].Labels}");
        Assert.Contains("kube-system", view.World.Namespaces.Keys);
    }

    [Fact]
    public void Pods_and_services_have_addresses_of_every_family_the_same_each_time()
    {
        const string Service = "---\n{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ipFamilyPolicy: PreferDualStack, selector: {app: web}, ports: [{port: 80}]}}";
        var (one, again, dual) = (Manifest.View(Manifest.Pod("web") + Service), Manifest.View(Manifest.Pod("web") + Service), Manifest.View(Manifest.Pod("web") + Service, dual: true));
        var key = new ObjectKey("default", "web");

        Assert.Equal("10.244.0.2", $"{Assert.Single(one.World.Pods[key].IPs.ToArray())}");
        Assert.Equal(one.Services[new ObjectKey("default", "s")].ClusterIPs, again.Services[new ObjectKey("default", "s")].ClusterIPs);
        Assert.Equal(["10.244.0.2", "fd00:10:244::2"], dual.World.Pods[key].IPs.ToArray().Select(address => $"{address}"));
        Assert.Equal(2, dual.Services[new ObjectKey("default", "s")].ClusterIPs.Count);
    }

    [Theory]
    [InlineData("kind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    image: x\n    prots: []", "m.yaml:8: pod/p: unknown field \"spec.containers[0].prots\"")]
    [InlineData("kind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    image: x\n    ports:\n    - containerPort: 0", "m.yaml:9: pod/p: spec.containers[0].ports[0].containerPort: ")]
    [InlineData("kind: Service\nmetadata: {name: s}\nspec:\n  ports:\n  - port: eighty", "m.yaml:6: service/s: spec.ports[0].port: ")]
    [InlineData("kind: Pod\nmetadata: {name: Web}\nspec: {containers: [{name: c, image: x}]}", "m.yaml:3: pod/Web: metadata.name: Invalid value: \"Web\"")]
    [InlineData("kind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: x}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}", "m.yaml:8: pod/p: it is there already, at m.yaml:3")]
    public void What_the_api_server_would_refuse_is_refused_at_its_line(string yaml, string problem)
    {
        var (_, problems, _) = Manifest.Read($"apiVersion: v1\n{yaml}");

        Assert.StartsWith(problem, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void The_template_of_a_kind_that_the_server_has_not_is_held_to_the_rules_of_pods()
    {
        var (_, problems, _) = Manifest.Read("apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: d}\nspec:\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers:\n      - name: c\n        imag: x");

        Assert.Contains("m.yaml:10: daemonset/d: unknown field \"spec.containers[0].imag\"", problems);
    }

    [Fact]
    public void An_invalid_policy_is_refused_at_the_line_of_the_fault()
    {
        var (_, problems, _) = Manifest.Read(Manifest.Policy("p", "web", "  ingress:\n  - from:\n    - ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/8]}"));

        Assert.StartsWith("m.yaml:9: networkpolicy/p: spec.ingress[0].from[0].ipBlock.except[0]: ", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_taken_from_a_running_cluster_is_read_without_what_that_cluster_wrote()
    {
        var view = Manifest.View(
            """
            apiVersion: v1
            kind: List
            items:
            - apiVersion: apps/v1
              kind: Deployment
              metadata: {name: d, namespace: a, uid: u1, resourceVersion: "7", creationTimestamp: "2026-01-01T00:00:00Z"}
              spec: {replicas: 3, selector: {matchLabels: {app: x}}, template: {metadata: {labels: {app: x}}, spec: {containers: [{name: c, image: x}]}}}
            - apiVersion: apps/v1
              kind: ReplicaSet
              metadata: {name: d-1, namespace: a, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: d, uid: u1, controller: true}]}
              spec: {replicas: 3, selector: {matchLabels: {app: x}}, template: {metadata: {labels: {app: x}}, spec: {containers: [{name: c, image: x}]}}}
            - apiVersion: v1
              kind: Pod
              metadata: {name: d-1-z, namespace: a, labels: {app: x}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: d-1, uid: u2, controller: true}]}
              spec: {containers: [{name: c, image: x}]}
              status: {phase: Running, podIP: 192.168.3.4}
            - apiVersion: v1
              kind: Service
              metadata: {name: s, namespace: a}
              spec: {clusterIP: 172.20.0.7, clusterIPs: [172.20.0.7], selector: {app: x}, ports: [{port: 80}]}
            """);

        Assert.Equal(["d-1-z"], view.PodsOf(new WorkloadName(EndKind.Deployment, new ObjectKey("a", "d"))).Select(pod => pod.Key.Name));
        Assert.Single(view.World.Pods);
        Assert.StartsWith("10.", $"{view.Services[new ObjectKey("a", "s")].ClusterIPs[0]}", StringComparison.Ordinal);
    }

    [Fact]
    public void Policies_of_other_kinds_are_told_of()
    {
        var (_, problems, warnings) = Manifest.Read("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: x}");

        Assert.Empty(problems);
        Assert.StartsWith("m.yaml:2: CiliumNetworkPolicy", Assert.Single(warnings), StringComparison.Ordinal);
    }
}
