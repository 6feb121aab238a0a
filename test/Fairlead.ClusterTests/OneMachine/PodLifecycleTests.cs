using System.Text.Json.Nodes;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>What becomes of a pod, as kubectl shows it.</summary>
public sealed partial class PodLifecycleTests(ClusterFixture cluster) : IClassFixture<ClusterFixture>
{
    [Theory]
    [InlineData("Never", "exit 3", "Failed", "Error", 3)]
    [InlineData("Never", "exit 0", "Succeeded", "Completed", 0)]
    [InlineData("OnFailure", "exit 0", "Succeeded", "Completed", 0)]
    public void A_pod_ends_in_the_phase_and_with_the_code_of_its_command(string policy, string script, string phase, string reason, int code)
    {
        var name = $"ends-{policy.ToLowerInvariant()}-{phase.ToLowerInvariant()}";
        cluster.Script(name, $"restartPolicy: {policy}", script);
        cluster.Kubectl("wait", $"--for=jsonpath={{.status.phase}}={phase}", $"pod/{name}", "--timeout=120s");
        Assert.Equal($"{code} {reason}", cluster.Kubectl(
            "get", "pod", name, "-o", "jsonpath={.status.containerStatuses[0].state.terminated.exitCode} {.status.containerStatuses[0].state.terminated.reason}"));
    }

    [Fact]
    public void A_command_that_keeps_failing_is_held_back_and_its_last_end_is_told()
    {
        cluster.Script("crash", "", "exit 4");
        cluster.Kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff", "pod/crash", "--timeout=120s");

        Assert.Equal("4", cluster.Kubectl("get", "pod", "crash", "-o", "jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}"));
        Assert.Equal("Running", cluster.Kubectl("get", "pod", "crash", "-o", "jsonpath={.status.phase}"));
    }

    [Fact]
    public void Init_containers_run_in_order_before_the_others_and_share_volumes()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: inits}
            spec:
              restartPolicy: Never
              initContainers:
              - {name: one, image: busybox, command: [sh, -c, "echo one >> /shared/f"], volumeMounts: [{name: shared, mountPath: /shared}]}
              - {name: two, image: busybox, command: [sh, -c, "echo two >> /shared/f"], volumeMounts: [{name: shared, mountPath: /shared}]}
              containers:
              - {name: c, image: busybox, command: [cat, /shared/f], volumeMounts: [{name: shared, mountPath: /shared}]}
              volumes: [{name: shared, emptyDir: {}}]
            """);
        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/inits", "--timeout=120s");

        Assert.Equal("one\ntwo", Log("inits"));
        Assert.Equal("True", cluster.Kubectl("get", "pod", "inits", "-o", "jsonpath={.status.conditions[?(@.type==\"Initialized\")].status}"));
    }

    [Fact]
    public void Variables_and_volumes_show_what_they_refer_to()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: settings}
            data: {color: blue}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: password}
            stringData: {pw: s3}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: shown, labels: {app: shown}}
            spec:
              restartPolicy: Never
              hostAliases: [{ip: 10.1.2.3, hostnames: [foo.local]}]
              securityContext: {runAsUser: 12, runAsGroup: 34, fsGroup: 56}
              containers:
              - name: c
                image: busybox
                securityContext: {readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
                command:
                - sh
                - -c
                - >-
                  echo $BOTH $P_color $NODE $KUBERNETES_SERVICE_HOST; cat /all/color; echo; stat -c %a /all/pw; cat /all/labels; echo;
                  id -u; id -G; touch /x 2>/dev/null || echo kept; grep foo /etc/hosts; grep -c "" /etc/resolv.conf
                env:
                - {name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: color}}}
                - {name: PW, valueFrom: {secretKeyRef: {name: password, key: pw}}}
                - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
                - {name: BOTH, value: "$(COLOR)-$(PW)"}
                envFrom: [{prefix: P_, configMapRef: {name: settings}}]
                volumeMounts: [{name: all, mountPath: /all}]
              volumes:
              - name: all
                projected:
                  sources:
                  - {configMap: {name: settings}}
                  - {secret: {name: password, items: [{key: pw, path: pw, mode: 0444}]}}
                  - {downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
            """);
        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/shown", "--timeout=120s");
        var node = cluster.Kubectl("get", "pod", "shown", "-o", "jsonpath={.spec.nodeName}");

        Assert.Equal($"blue-s3 blue {node} 10.96.0.1\nblue\n444\napp=\"shown\"\n12\n34 56\nkept\n10.1.2.3\tfoo.local\n3", Log("shown"));
    }

    [Fact]
    public void A_missing_ConfigMap_is_named_and_waited_for()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: waits}
            spec:
              containers: [{name: c, image: busybox, command: [sleep, "1000"], envFrom: [{configMapRef: {name: later}}]}]
            """);
        cluster.Kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=CreateContainerConfigError", "pod/waits", "--timeout=120s");
        Assert.Equal("configmap \"later\" not found", cluster.Kubectl("get", "pod", "waits", "-o", "jsonpath={.status.containerStatuses[0].state.waiting.message}"));

        cluster.Kubectl("create", "configmap", "later");

        cluster.Kubectl("wait", "--for=condition=Ready", "pod/waits", "--timeout=120s");
    }

    [Fact]
    public void Hooks_run_around_a_container_and_the_object_goes_only_after_the_command_ended()
    {
        var directory = Directory.CreateDirectory($"/opt/{cluster.Name}").FullName;
        try
        {
            cluster.Apply(
                $$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: hooks}
                spec:
                  terminationGracePeriodSeconds: 20
                  containers:
                  - name: c
                    image: busybox
                    command: [sh, -c, "trap 'echo term >> /out/f; exit 0' TERM; while :; do sleep 0.1; done"]
                    readinessProbe: {exec: {command: [grep, post, /out/f]}, periodSeconds: 1}
                    lifecycle:
                      postStart: {exec: {command: [sh, -c, "echo post >> /out/f"]} }
                      preStop: {exec: {command: [sh, -c, "echo pre >> /out/f"]} }
                    volumeMounts: [{name: out, mountPath: /out}]
                  volumes: [{name: out, hostPath: {path: {{directory}} } }]
                """);
            cluster.Kubectl("wait", "--for=condition=Ready", "pod/hooks", "--timeout=120s");
            cluster.Kubectl("delete", "pod", "hooks", "--timeout=25s");

            Assert.Equal(["post", "pre", "term"], File.ReadAllLines($"{directory}/f"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_command_deaf_to_SIGTERM_is_killed_when_its_grace_period_is_over()
    {
        cluster.Script("deaf", "terminationGracePeriodSeconds: 1", "trap '' TERM; while :; do sleep 0.1; done");
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/deaf", "--timeout=120s");

        cluster.Kubectl("delete", "pod", "deaf", "--timeout=25s");
    }

    [Fact]
    public void A_failed_liveness_probe_restarts_the_container()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: dies}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - {name: c, image: busybox, command: [sleep, "1000"], livenessProbe: {exec: {command: ["false"]}, periodSeconds: 1, failureThreshold: 1}}
            """);

        cluster.Kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/dies", "--timeout=120s");
    }

    [Fact]
    public void A_readiness_gate_holds_a_pod_back_until_its_condition_is_true()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: gated}
            spec:
              readinessGates: [{conditionType: example.org/ok}]
              containers: [{name: c, image: busybox, command: [sleep, "1000"]}]
            """);
        cluster.Kubectl("wait", "--for=condition=ContainersReady", "pod/gated", "--timeout=120s");
        Assert.Equal("False", cluster.Kubectl("get", "pod", "gated", "-o", "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}"));

        cluster.Kubectl(
            "patch", "pod", "gated", "--subresource=status", "--type=strategic", "-p", """{"status":{"conditions":[{"type":"example.org/ok","status":"True"}]}}""");

        cluster.Kubectl("wait", "--for=condition=Ready", "pod/gated", "--timeout=120s");
    }

    [Fact]
    public void An_image_that_is_not_run_is_said_so_when_it_is_applied()
    {
        var (code, _, error) = cluster.TryKubectl("", "run", "warned", "--image=registry.example/web:1");

        Assert.Equal(0, code);
        Assert.Contains("Warning: spec.containers[0].image: \"registry.example/web:1\" is not run on this cluster", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Warning", cluster.TryKubectl("", "run", "unwarned", "--image=busybox", "--", "true").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stand_in_that_declares_no_port_answers_on_the_targetPorts_of_its_Services_and_says_so()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Service
            metadata: {name: portless}
            spec: {selector: {app: portless}, ports: [{port: 80, targetPort: 8088}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: others}
            spec: {selector: {app: others}, ports: [{port: 80, targetPort: 8089}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: portless, labels: {app: portless}}
            spec: {containers: [{name: c, image: registry.example/web:1}]}
            """);
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/portless", "--timeout=120s");

        PodEvents.Wait(
            cluster, "portless", "StandIn",
            "image \"registry.example/web:1\" is not run: it names no command. A stand-in answers on 1 targetPort(s) of the Services that select this pod");
        Assert.Equal("portless", (string?)cluster.Ask("portless", $"{cluster.PodAddress("portless")}:8088")["pod"]);
        var error = Assert.Throws<InvalidOperationException>(() => cluster.Ask("portless", $"{cluster.PodAddress("portless")}:8089"));
        Assert.Contains("exit 7", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_host_keeps_to_itself_is_not_in_a_pod()
    {
        cluster.Script("nosy", "restartPolicy: Never",
            "ls -A /root /home /var/lib/fairlead 2>/dev/null | grep -v -e : -e '^$' | wc -l; find /run -type s | wc -l; ls -d /run/fairlead/* 2>/dev/null | wc -l; "
            + "cat /proc/1/comm; grep CapEff /proc/self/status | cut -f 2; touch /fl-made");
        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/nosy", "--timeout=120s");

        Assert.Equal("0\n0\n0\nsh\n00000000a80425fb", Log("nosy"));
        Assert.False(File.Exists("/fl-made"));
    }

    [Fact]
    public void A_killed_pods_role_leaves_processes_running_and_adopts_them_when_it_is_back()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: kept}
            spec:
              containers:
              - name: c
                image: busybox
                command: [sh, -c, "while :; do [ -f /tmp/say ] && echo said && rm /tmp/say; sleep 0.1; done"]
                readinessProbe: {exec: {command: [test, "!", -f, /tmp/sick]}, periodSeconds: 1, failureThreshold: 1}
              - {name: done, image: busybox, command: [sh, -c, "exit 0"]}
              restartPolicy: OnFailure
            """);
        cluster.Kubectl("wait", "--for=jsonpath={.status.containerStatuses[1].state.terminated.exitCode}=0", "pod/kept", "--timeout=120s");
        cluster.Kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].ready}=true", "pod/kept", "--timeout=120s");
        var before = ContainerPid("kept");

        cluster.Kill("pods");
        Tool.Run("touch", $"/proc/{before}/root/tmp/say");
        Tool.Run("touch", $"/proc/{before}/root/tmp/sick");

        // An exec probe of an adopted container says what is so: it would go on as ready otherwise.
        cluster.Kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].ready}=false", "pod/kept", "--timeout=120s");
        Tool.Run("rm", $"/proc/{before}/root/tmp/sick");
        cluster.Kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].ready}=true", "pod/kept", "--timeout=120s");
        Assert.Equal(before, ContainerPid("kept"));
        Assert.Equal("0 0", cluster.Kubectl("get", "pod", "kept", "-o", "jsonpath={.status.containerStatuses[*].restartCount}"));
        Assert.Equal("said", Log("kept"));
    }

    private int ContainerPid(string pod) =>
        (int)JsonNode.Parse(File.ReadAllText($"/run/fairlead/{cluster.Name}/pods/{Key(pod)}/state.json"))!["processes"]!["c"]!["pid"]!;

    private string Log(string pod) => string.Join('\n', Directory.GetFiles($"/var/lib/fairlead/{cluster.Name}/pods/{Key(pod)}/logs/c").Order()
        .SelectMany(File.ReadLines).Select(line => line.Split(' ', 4)[3]));

    private string Key(string pod) => $"default_{pod}_{cluster.Kubectl("get", "pod", pod, "-o", "jsonpath={.metadata.uid}")}";
}
