namespace Fairlead.ClusterTests.OneMachine;

/// <summary>Probes with real traffic, hooks, and the order of containers, as kubectl shows them.</summary>
public sealed class PodProbeTests(ClusterFixture cluster) : IClassFixture<ClusterFixture>
{
    [Fact]
    public void A_startup_probe_holds_readiness_back_until_the_port_answers()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: slow}
            spec:
              containers:
              - name: c
                image: busybox
                command: [sh, -c, "while [ ! -f /tmp/go ]; do sleep 0.1; done; exec httpd -f -p 8080 -h /etc"]
                startupProbe: {httpGet: {path: /hostname, port: 8080}, periodSeconds: 1, failureThreshold: 60}
                readinessProbe: {exec: {command: ["true"]}, periodSeconds: 1}
                livenessProbe: {exec: {command: ["true"]}, periodSeconds: 1}
            """);
        WaitForEvent("slow", "Unhealthy", "Startup probe failed: ");
        Assert.Equal("false false", Status("slow", "{.status.containerStatuses[0].started} {.status.containerStatuses[0].ready}"));

        cluster.Kubectl("exec", "slow", "--", "touch", "/tmp/go");

        cluster.Kubectl("wait", "--for=condition=Ready", "pod/slow", "--timeout=120s");
        Assert.Equal("true 0", Status("slow", "{.status.containerStatuses[0].started} {.status.containerStatuses[0].restartCount}"));
    }

    [Fact]
    public void Readiness_follows_what_an_http_and_a_tcp_probe_of_a_named_port_find()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: probed}
            spec:
              containers:
              - name: web
                image: busybox
                command: [sh, -c, "mkdir /tmp/w; echo ok > /tmp/w/healthz; exec httpd -f -p 8080 -h /tmp/w"]
                ports: [{name: http, containerPort: 8080}]
                readinessProbe: {httpGet: {path: healthz, port: http, httpHeaders: [{name: X-Probe, value: "1"}]}, periodSeconds: 1, failureThreshold: 1}
              - name: tcp
                image: busybox
                command: [sh, -c, "while [ ! -f /tmp/go ]; do sleep 0.1; done; exec httpd -f -p 9090 -h /etc"]
                readinessProbe: {tcpSocket: {port: 9090}, periodSeconds: 1}
            """);
        cluster.Kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].ready}=true", "pod/probed", "--timeout=120s");
        WaitForEvent("probed", "Unhealthy", "Readiness probe failed: Connection refused");
        Assert.Equal("false", Status("probed", "{.status.containerStatuses[1].ready}"));
        cluster.Kubectl("exec", "probed", "-c", "tcp", "--", "touch", "/tmp/go");
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/probed", "--timeout=120s");

        cluster.Kubectl("exec", "probed", "-c", "web", "--", "rm", "/tmp/w/healthz");

        cluster.Kubectl("wait", "--for=condition=Ready=false", "pod/probed", "--timeout=120s");
        WaitForEvent("probed", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404");
    }

    [Fact]
    public void A_failed_http_liveness_probe_kills_and_restarts_the_container()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: sick}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: c
                image: busybox
                command: [sh, -c, "mkdir /tmp/w; echo ok > /tmp/w/healthz; exec httpd -f -p 8080 -h /tmp/w"]
                livenessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1, failureThreshold: 2}
                readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
            """);
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/sick", "--timeout=120s");

        cluster.Kubectl("exec", "sick", "--", "rm", "/tmp/w/healthz");

        cluster.Kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/sick", "--timeout=120s");
        WaitForEvent("sick", "Killing", "Container c failed liveness probe, will be restarted");
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/sick", "--timeout=120s");
    }

    [Fact]
    public void A_preStop_hook_over_http_is_heard_before_the_command_is_told_to_end()
    {
        var directory = Directory.CreateDirectory($"/opt/{cluster.Name}-pre").FullName;
        try
        {
            cluster.Apply(
                $$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: asked}
                spec:
                  terminationGracePeriodSeconds: 20
                  containers:
                  - name: c
                    image: busybox
                    command: [sh, -c, "trap 'echo term >> /out/f; exit 0' TERM; httpd -p 8080 -h /srv; while :; do sleep 0.1; done"]
                    readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
                    lifecycle:
                      preStop: {httpGet: {path: /cgi-bin/stop, port: 8080} }
                    volumeMounts: [{name: out, mountPath: /out}, {name: cgi, mountPath: /srv/cgi-bin}]
                  volumes: [{name: out, hostPath: {path: {{directory}} } }, {name: cgi, configMap: {name: cgi, defaultMode: 0755} }]
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: cgi}
                data:
                  stop: |
                    #!/bin/sh
                    echo pre >> /out/f
                    printf 'Content-Type: text/plain\r\n\r\nok\n'
                """);
            cluster.Kubectl("wait", "--for=condition=Ready", "pod/asked", "--timeout=120s");
            cluster.Kubectl("delete", "pod", "asked", "--timeout=25s");

            Assert.Equal(["pre", "term"], File.ReadAllLines($"{directory}/f"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_sidecar_starts_before_the_others_and_ends_after_them_the_last_one_first()
    {
        var directory = Directory.CreateDirectory($"/opt/{cluster.Name}-order").FullName;
        try
        {
            cluster.Apply(
                $$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: ordered}
                spec:
                  restartPolicy: Never
                  initContainers:
                  - name: one
                    image: busybox
                    restartPolicy: Always
                    command: [sh, -c, "trap 'echo one ends >> /out/f; exit 0' TERM; echo one >> /out/f; sleep 1; touch /tmp/up; while :; do sleep 0.1; done"]
                    startupProbe: {exec: {command: [test, -f, /tmp/up]}, periodSeconds: 1, failureThreshold: 60}
                    volumeMounts: [{name: out, mountPath: /out}]
                  - {name: plain, image: busybox, command: [sh, -c, "echo plain >> /out/f"], volumeMounts: [{name: out, mountPath: /out}]}
                  - name: two
                    image: busybox
                    restartPolicy: Always
                    command: [sh, -c, "trap 'echo two ends >> /out/f; exit 0' TERM; echo two >> /out/f; while :; do sleep 0.1; done"]
                    volumeMounts: [{name: out, mountPath: /out}]
                  containers:
                  - {name: c, image: busybox, command: [sh, -c, "until grep -q two /out/f; do sleep 0.1; done; echo main >> /out/f"], volumeMounts: [{name: out, mountPath: /out}]}
                  volumes: [{name: out, hostPath: {path: {{directory}} } }]
                """);

            cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/ordered", "--timeout=120s");

            Assert.Equal(["one", "plain", "two", "main", "two ends", "one ends"], File.ReadAllLines($"{directory}/f"));
            Assert.Equal("0 0 0", Status("ordered", "{.status.initContainerStatuses[*].state.terminated.exitCode}"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_sidecar_that_ends_is_started_again_and_its_readiness_counts()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: beside}
            spec:
              terminationGracePeriodSeconds: 1
              initContainers:
              - name: s
                image: busybox
                restartPolicy: Always
                command: [sh, -c, "while [ ! -f /tmp/end ]; do sleep 0.1; done; exit 3"]
                readinessProbe: {exec: {command: [test, -f, /tmp/ready]}, periodSeconds: 1}
              containers: [{name: c, image: registry.example/web:1, ports: [{containerPort: 8080}]}]
            """);
        cluster.Kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].ready}=true", "pod/beside", "--timeout=120s");
        Assert.Equal("Running False", Status("beside", "{.status.phase} {.status.conditions[?(@.type==\"Ready\")].status}"));
        cluster.Kubectl("exec", "beside", "-c", "s", "--", "touch", "/tmp/ready");
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/beside", "--timeout=120s");

        cluster.Kubectl("exec", "beside", "-c", "s", "--", "touch", "/tmp/end");

        cluster.Kubectl("wait", "--for=jsonpath={.status.initContainerStatuses[0].restartCount}=1", "pod/beside", "--timeout=120s");
        Assert.Equal("3 Running", Status("beside", "{.status.initContainerStatuses[0].lastState.terminated.exitCode} {.status.phase}"));
    }

    [Fact]
    public void An_init_container_whose_image_is_not_run_counts_as_completed_and_an_Event_and_a_warning_say_so()
    {
        var (code, _, error) = cluster.TryKubectl(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: migrated}
            spec:
              initContainers:
              - {name: migrate, image: registry.example/migrate:1}
              - {name: mesh, image: registry.example/mesh:1, restartPolicy: Always, ports: [{containerPort: 9000}]}
              containers: [{name: c, image: registry.example/web:1, ports: [{containerPort: 8080}]}]
            """,
            "apply", "-f", "-");
        Assert.Equal(0, code);
        const string NotRun = "is not run on this cluster: it names no command";
        Assert.Contains($"spec.initContainers[0].image: \"registry.example/migrate:1\" {NotRun}; it counts as completed", error, StringComparison.Ordinal);
        Assert.Contains($"spec.initContainers[1].image: \"registry.example/mesh:1\" {NotRun}; a stand-in", error, StringComparison.Ordinal);

        cluster.Kubectl("wait", "--for=condition=Ready", "pod/migrated", "--timeout=120s");
        WaitForEvent("migrated", "StandIn", "image \"registry.example/migrate:1\" is not run: it names no command. The init container counts as completed");
        Assert.Equal("migrated", (string?)cluster.Ask("migrated", $"{cluster.PodAddress("migrated")}:9000")["pod"]);
        cluster.Kubectl("delete", "pod", "migrated", "--timeout=25s");
    }

    private string Status(string pod, string path) => cluster.Kubectl("get", "pod", pod, "-o", $"jsonpath={path}");

    private void WaitForEvent(string pod, string reason, string message) => PodEvents.Wait(cluster, pod, reason, message);
}
