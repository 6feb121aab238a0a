using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;

namespace Fairlead.Tests.Kinds;

public sealed class PodKindTests
{
    private readonly KindHarness _harness = new();

    [Fact]
    public void A_pod_gets_the_defaults_of_a_real_server()
    {
        var pod = _harness.Create(Pod("""{"containers":[{"name":"web","image":"nginx","ports":[{"containerPort":80}],"readinessProbe":{"httpGet":{"port":80}}}]}"""));
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""
                {"containers":[{"name":"web","image":"nginx","imagePullPolicy":"Always","ports":[{"containerPort":80,"protocol":"TCP"}],"resources":{},
                  "readinessProbe":{"httpGet":{"port":80,"path":"/","scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},
                  "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],
                 "dnsPolicy":"ClusterFirst","enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority","priority":0,"restartPolicy":"Always",
                 "schedulerName":"default-scheduler","securityContext":{},"serviceAccount":"default","serviceAccountName":"default","terminationGracePeriodSeconds":30,
                 "tolerations":[{"effect":"NoExecute","key":"node.kubernetes.io/not-ready","operator":"Exists","tolerationSeconds":300},
                   {"effect":"NoExecute","key":"node.kubernetes.io/unreachable","operator":"Exists","tolerationSeconds":300}]}
                """),
            pod["spec"]),
            pod["spec"]!.ToJsonString());
        Assert.Equal("""{"phase":"Pending","qosClass":"BestEffort"}""", pod["status"]!.ToJsonString());
        Assert.Equal(1, pod.Number("metadata", "generation"));
    }

    [Fact]
    public void A_gated_pod_says_so_from_the_start()
    {
        var pod = _harness.Create(Pod("""{"schedulingGates":[{"name":"example.com/wait"}],"containers":[{"name":"a","image":"i"}]}"""));
        Assert.Equal("SchedulingGated", (string?)pod["status"]!["conditions"]![0]!["reason"]);
    }

    [Fact]
    public void Labels_and_annotations_are_referred_to_by_key() => _harness.Create(Pod("""
        {"volumes":[{"name":"d","downwardAPI":{"items":[{"path":"p","fieldRef":{"fieldPath":"metadata.annotations['example.com/x']"}}]}}],
         "securityContext":{"sysctls":[{"name":"net.ipv4.ip_unprivileged_port_start","value":"0"},{"name":"net/ipv4/conf/eth0.5/x","value":"0"}]},
         "containers":[{"name":"a","image":"i","env":[{"name":"X","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels['app']"}}}]}]}
        """));

    [Theory]
    [InlineData("nginx", "Always")]
    [InlineData("nginx:latest", "Always")]
    [InlineData("nginx:1.27", "IfNotPresent")]
    [InlineData("registry:5000/nginx", "Always")]
    [InlineData("registry:5000/nginx@sha256:0123", "IfNotPresent")]
    public void The_pull_policy_follows_the_tag(string image, string policy) => Assert.Equal(policy, ContainerDefaults.PullPolicy(image));

    [Fact]
    public void Volumes_get_their_defaults_and_host_network_its_ports()
    {
        var spec = _harness.Create(Pod("""
            {"hostNetwork":true,"containers":[{"name":"a","image":"i:1","ports":[{"containerPort":80}],"env":[{"name":"IP","valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}}]}],
             "volumes":[{"name":"e"},{"name":"c","configMap":{"name":"x"}},{"name":"h","hostPath":{"path":"/x"}},
               {"name":"p","projected":{"sources":[{"serviceAccountToken":{"path":"t"}}]}}]}
            """))["spec"]!;
        Assert.Equal("{}", spec["volumes"]![0]!["emptyDir"]!.ToJsonString());
        Assert.Equal(420, spec["volumes"]![1]!.Number("configMap", "defaultMode"));
        Assert.Equal("", spec["volumes"]![2]!.Text("hostPath", "type"));
        Assert.Equal(3600, spec["volumes"]![3]!["projected"]!["sources"]![0]!.Number("serviceAccountToken", "expirationSeconds"));
        Assert.Equal(80, spec["containers"]![0]!["ports"]![0]!.Number("hostPort"));
        Assert.Equal("v1", spec["containers"]![0]!["env"]![0]!.Text("valueFrom", "fieldRef", "apiVersion"));
    }

    [Theory]
    [InlineData("""{"limits":{"cpu":"1","memory":"1Gi"}}""", "Guaranteed")]
    [InlineData("""{"requests":{"cpu":"1"}}""", "Burstable")]
    [InlineData("""{"requests":{"cpu":"1"},"limits":{"cpu":"2","memory":"1Gi"}}""", "Burstable")]
    [InlineData("{}", "BestEffort")]
    public void Requests_follow_limits_and_make_the_quality_of_service(string resources, string quality)
    {
        var pod = _harness.Create(Pod($$"""{"containers":[{"name":"a","image":"i:1","resources":{{resources}} }]}"""));
        Assert.Equal(quality, pod.Text("status", "qosClass"));
    }

    [Theory]
    [InlineData("""{"containers":[{"name":"a","image":"i","env":[{"name":"X","valueFrom":{"fieldRef":{"fieldPath":"spec.foo"}}}]}]}""",
        "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"spec.foo\": supported values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\"")]
    [InlineData("""{"containers":[{"name":"a","image":"i","env":[{"name":"X","valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName['x']"}}}]}]}""",
        "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.nodeName['x']\": does not support subscript")]
    [InlineData("""{"volumes":[{"name":"d","downwardAPI":{"items":[{"path":"p","fieldRef":{"fieldPath":"status.podIP"}}]}}],"containers":[{"name":"a","image":"i"}]}""",
        "spec.volumes[0].downwardAPI.items[0].fieldRef.fieldPath: Unsupported value: \"status.podIP\": supported values: \"metadata.annotations\", \"metadata.labels\", \"metadata.name\", \"metadata.namespace\", \"metadata.uid\"")]
    [InlineData("""{"volumes":[{"name":"h","hostPath":{"path":"/x","type":"Foo"}}],"containers":[{"name":"a","image":"i"}]}""",
        "spec.volumes[0].hostPath.type: Unsupported value: \"Foo\": supported values: \"\", \"BlockDevice\", \"CharDevice\", \"Directory\", \"DirectoryOrCreate\", \"File\", \"FileOrCreate\", \"Socket\"")]
    [InlineData("""{"securityContext":{"sysctls":[{"name":"kernel/../../x","value":"1"}]},"containers":[{"name":"a","image":"i"}]}""",
        "spec.securityContext.sysctls[0].name: Invalid value: \"kernel/../../x\": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9][-_a-z0-9]*$")]
    [InlineData("""{"volumes":[{"name":"v"}],"containers":[{"name":"a","image":"i","volumeMounts":[{"name":"v","mountPath":"/v","mountPropagation":"Bidirectional"}]}]}""",
        "spec.containers[0].volumeMounts[0].mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers")]
    [InlineData("""{"containers":[]}""", "spec.containers: Required value")]
    [InlineData("""{"containers":[{"name":"a"}]}""", "spec.containers[0].image: Required value")]
    [InlineData("""{"containers":[{"image":"i"}]}""", "spec.containers[0].name: Required value")]
    [InlineData("""{"containers":[{"name":"a","image":"i"},{"name":"a","image":"i"}]}""", "spec.containers[1].name: Duplicate value: \"a\"")]
    [InlineData("""{"containers":[{"name":"a","image":"i","ports":[{"containerPort":-1}]}]}""",
        "spec.containers[0].ports[0].containerPort: Invalid value: -1: must be between 1 and 65535, inclusive")]
    [InlineData("""{"containers":[{"name":"a","image":"i","ports":[{"containerPort":80,"name":"toolongforaportname"}]}]}""",
        "spec.containers[0].ports[0].name: Invalid value: \"toolongforaportname\": must be no more than 15 characters")]
    [InlineData("""{"containers":[{"name":"a","image":"i","volumeMounts":[{"name":"v","mountPath":"/x"}]}]}""",
        "spec.containers[0].volumeMounts[0].name: Not found: \"v\"")]
    [InlineData("""{"containers":[{"name":"a","image":"i","env":[{"value":"x"}]}]}""", "spec.containers[0].env[0].name: Required value")]
    [InlineData("""{"containers":[{"name":"a","image":"i","resources":{"requests":{"cpu":"2"},"limits":{"cpu":"1"}}}]}""",
        "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1")]
    [InlineData("""{"containers":[{"name":"a","image":"i","livenessProbe":{}}]}""", "spec.containers[0].livenessProbe: Required value: must specify a handler type")]
    [InlineData("""{"containers":[{"name":"a","image":"i","livenessProbe":{"successThreshold":2,"exec":{"command":["x"]}}}]}""",
        "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1")]
    [InlineData("""{"restartPolicy":"Sometimes","containers":[{"name":"a","image":"i"}]}""",
        "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"Never\", \"OnFailure\"")]
    [InlineData("""{"dnsPolicy":"None","containers":[{"name":"a","image":"i"}]}""",
        "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None")]
    [InlineData("""{"volumes":[{"name":"v","emptyDir":{},"secret":{"secretName":"s"}}],"containers":[{"name":"a","image":"i"}]}""",
        "spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type")]
    [InlineData("""{"tolerations":[{"operator":"Equal","value":"x"}],"containers":[{"name":"a","image":"i"}]}""",
        "spec.tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty, which means \"match all values and all keys\"")]
    [InlineData("""{"terminationGracePeriodSeconds":-1,"containers":[{"name":"a","image":"i"}]}""",
        "spec.terminationGracePeriodSeconds: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("""{"ephemeralContainers":[{"name":"d","image":"i"}],"containers":[{"name":"a","image":"i"}]}""",
        "spec.ephemeralContainers: Forbidden: cannot be set on create")]
    [InlineData("""{"topologySpreadConstraints":[{"maxSkew":0,"topologyKey":"z","whenUnsatisfiable":"DoNotSchedule"}],"containers":[{"name":"a","image":"i"}]}""",
        "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero")]
    public void A_bad_pod_is_refused_with_the_path_of_the_field(string spec, string fault) => Assert.Equal([fault], _harness.Faults(Pod(spec)));

    [Fact]
    public void An_image_may_change_and_hardly_anything_else()
    {
        var old = _harness.Create(Pod("""{"containers":[{"name":"a","image":"i:1"}]}"""));
        var updated = _harness.Update(old, obj => obj["spec"]!["containers"]![0]!["image"] = "i:2");
        Assert.Equal(2, updated.Number("metadata", "generation"));
        Assert.EndsWith("changed: spec.nodeName", Assert.Single(_harness.UpdateFaults(old, obj => obj["spec"]!["nodeName"] = "n")), StringComparison.Ordinal);
        Assert.Equal(
            ["spec.containers: Forbidden: pod updates may not add or remove containers"],
            _harness.UpdateFaults(old, obj => obj["spec"]!["containers"]!.AsArray().Add((JsonNode)new JsonObject { ["name"] = "b", ["image"] = "i" })));
    }

    [Fact]
    public void Binding_may_write_node_and_status_and_is_no_new_generation()
    {
        var old = _harness.Create(Pod("""{"containers":[{"name":"a","image":"i:1"}]}"""));
        var bound = _harness.Update(
            old,
            obj =>
            {
                obj["spec"]!["nodeName"] = "n";
                obj["status"]!["conditions"] = JsonNode.Parse("""[{"type":"PodScheduled","status":"True"}]""");
            },
            "binding");
        Assert.Equal("n", bound.Text("spec", "nodeName"));
        Assert.NotNull(bound["status"]!["conditions"]);
        Assert.Equal(1, bound.Number("metadata", "generation"));
    }

    [Theory]
    [InlineData("""{"phase":"Pending"}""", "0/1|Pending|0")]
    [InlineData("""{"phase":"Running","containerStatuses":[{"name":"a","ready":true,"restartCount":0,"state":{"running":{}}}]}""", "1/1|Running|0")]
    [InlineData("""
        {"phase":"Running","containerStatuses":[{"name":"a","ready":false,"restartCount":2,"state":{"waiting":{"reason":"CrashLoopBackOff"}},
         "lastState":{"terminated":{"exitCode":1,"finishedAt":"2026-01-02T02:59:05Z"}}}]}
        """, "0/1|CrashLoopBackOff|2 (5m ago)")]
    [InlineData("""{"phase":"Failed","containerStatuses":[{"name":"a","state":{"terminated":{"exitCode":3,"reason":"Error"}}}]}""", "0/1|Error|0")]
    [InlineData("""{"phase":"Failed","containerStatuses":[{"name":"a","state":{"terminated":{"exitCode":3}}}]}""", "0/1|ExitCode:3|0")]
    [InlineData("""{"phase":"Failed","containerStatuses":[{"name":"a","state":{"terminated":{"exitCode":137,"signal":9}}}]}""", "0/1|Signal:9|0")]
    [InlineData("""{"phase":"Succeeded","containerStatuses":[{"name":"a","state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]}""", "0/1|Completed|0")]
    [InlineData("""{"phase":"Failed","reason":"Evicted"}""", "0/1|Evicted|0")]
    [InlineData("""{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"SchedulingGated"}]}""", "0/1|SchedulingGated|0")]
    public void Ready_status_and_restarts_print_as_kubectl_prints_them(string status, string cells)
    {
        var pod = _harness.Create(Pod("""{"containers":[{"name":"a","image":"i:1"}]}"""));
        pod["status"] = JsonNode.Parse(status);
        Assert.Equal(cells, Cells(pod, 1, 4));
    }

    [Theory]
    [InlineData("""[{"name":"i","restartCount":0,"state":{"running":{}}},{"name":"s","state":{"waiting":{"reason":"PodInitializing"}}}]""", "0/2|Init:0/2|0")]
    [InlineData("""[{"name":"i","restartCount":1,"state":{"terminated":{"exitCode":1,"reason":"Error"}}}]""", "0/2|Init:Error|1")]
    [InlineData("""[{"name":"i","restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]""", "0/2|Init:CrashLoopBackOff|3")]
    [InlineData("""[{"name":"i","state":{"terminated":{"exitCode":0}}},{"name":"s","started":true,"ready":true,"restartCount":4,"state":{"running":{}}}]""", "2/2|Running|4")]
    public void Init_containers_and_sidecars_print_as_kubectl_prints_them(string init, string cells)
    {
        var pod = _harness.Create(Pod("""
            {"initContainers":[{"name":"i","image":"i:1"},{"name":"s","image":"i:1","restartPolicy":"Always"}],"containers":[{"name":"a","image":"i:1"}]}
            """));
        pod["status"] = JsonNode.Parse($$"""
            {"phase":"Running","initContainerStatuses":{{init}},"containerStatuses":[{"name":"a","ready":true,"restartCount":0,"state":{"running":{ } } }]}
            """);
        Assert.Equal(cells, Cells(pod, 1, 4));
    }

    [Fact]
    public void A_deleted_pod_is_terminating_and_wide_columns_show_where_it_is()
    {
        var pod = _harness.Create(Pod("""{"nodeName":"n1","readinessGates":[{"conditionType":"a.b/c"}],"containers":[{"name":"a","image":"i:1"}]}"""));
        pod["status"] = JsonNode.Parse("""{"phase":"Running","podIP":"10.244.0.5"}""");
        pod["metadata"]!["deletionTimestamp"] = "2026-01-02T03:04:05Z";
        Assert.Equal("x|0/1|Terminating|0|60m|10.244.0.5|n1|<none>|0/1", Cells(pod, 0, 9));
        Assert.Equal(9, new PodKind().Columns.Count);
    }

    [Fact]
    public void Field_selectors_read_node_phase_and_address()
    {
        var selectors = new PodKind().FieldSelectors;
        var pod = _harness.Create(Pod("""{"nodeName":"n1","containers":[{"name":"a","image":"i:1"}]}"""));
        Assert.Equal("n1", selectors["spec.nodeName"](pod));
        Assert.Equal("Pending", selectors["status.phase"](pod));
        Assert.Equal("false", selectors["spec.hostNetwork"](pod));
        Assert.Equal("Always", selectors["spec.restartPolicy"](pod));
        Assert.Equal("", selectors["status.podIP"](pod));
        Assert.False(selectors.ContainsKey("spec.containers"));
    }

    private static string Cells(JsonObject pod, int from, int to) =>
        string.Join('|', new PodKind().Row(pod, KindHarness.Now).Skip(from).Take(to - from).Select(cell => cell!.ToString()));

    private static string Pod(string spec) => $$"""{"apiVersion":"v1","kind":"Pod","spec":{{spec}} }""";
}
