namespace Fairlead.ClusterTests.OneMachine;

/// <summary>What is executed in a container that is not run: its hooks and its probes.</summary>
public sealed partial class PodLifecycleTests
{
    [Fact]
    public void Hooks_of_a_stand_in_are_executed_once_and_it_answers_until_the_last_is_over()
    {
        var directory = Directory.CreateDirectory($"/opt/{cluster.Name}-hooked").FullName;
        try
        {
            File.WriteAllText($"{directory}/ready", "");
            cluster.Apply(
                $$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: hooked}
                spec:
                  containers:
                  - name: c
                    image: registry.example/web:1
                    ports: [{containerPort: 8080}]
                    readinessProbe: {exec: {command: [test, -f, /out/ready]}, periodSeconds: 1, failureThreshold: 1}
                    lifecycle:
                      postStart: {exec: {command: [sh, -c, "echo post >> /out/f"]} }
                      preStop: {exec: {command: [sh, -c, "echo pre >> /out/f; until [ -f /out/go ]; do sleep 0.1; done; echo over >> /out/f"]} }
                    volumeMounts: [{name: out, mountPath: /out}]
                  volumes: [{name: out, hostPath: {path: {{directory}} } }]
                """);
            cluster.Kubectl("wait", "--for=condition=Ready", "pod/hooked", "--timeout=120s");
            var address = $"{cluster.PodAddress("hooked")}:8080";

            // Another pods role takes it over.
            File.Delete($"{directory}/ready");
            cluster.Kubectl("wait", "--for=condition=Ready=false", "pod/hooked", "--timeout=120s");
            cluster.Kill("pods");
            File.WriteAllText($"{directory}/ready", "");
            cluster.Kubectl("wait", "--for=condition=Ready", "pod/hooked", "--timeout=120s");

            cluster.Kubectl("delete", "pod", "hooked", "--wait=false");
            cluster.Kubectl("exec", "hooked", "--", "sh", "-c", "until grep pre /out/f; do sleep 0.1; done");
            Assert.Equal("hooked", (string?)cluster.Ask("hooked", address)["pod"]);
            File.WriteAllText($"{directory}/go", "");
            cluster.Kubectl("wait", "--for=delete", "pod/hooked", "--timeout=25s");

            Assert.Equal(["post", "pre", "over"], File.ReadAllLines($"{directory}/f"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_hook_that_fails_is_told_and_one_that_hangs_ends_with_the_grace_period_stand_in_or_not()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: unhooked}
            spec:
              terminationGracePeriodSeconds: 2
              containers:
              - name: failing
                image: registry.example/web:1
                lifecycle: {postStart: {exec: {command: [sh, -c, "exit 3"]} }, preStop: {exec: {command: [no-such-thing]} } }
              - name: hanging
                image: registry.example/web:1
                lifecycle: {preStop: {exec: {command: [sleep, "1000"]} } }
              - name: run
                image: busybox
                command: [sleep, "1000"]
                lifecycle: {preStop: {exec: {command: [sleep, "1000"]} } }
            """);
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/unhooked", "--timeout=120s");
        PodEvents.Wait(cluster, "unhooked", "FailedPostStartHook", "PostStartHook failed: command exited with code 3");

        cluster.Kubectl("delete", "pod", "unhooked", "--timeout=25s");

        PodEvents.Wait(cluster, "unhooked", "FailedPreStopHook", "PreStopHook failed: exec: \"no-such-thing\": executable file not found in $PATH");
    }

    [Fact]
    public void A_probe_is_executed_in_a_stand_in_and_holds_where_what_it_would_ask_is_not_there()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: examined}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - {name: asked, image: registry.example/a:1, readinessProbe: {exec: {command: [test, -f, /tmp/ready]}, periodSeconds: 1} }
              - name: lacking
                image: registry.example/b:1
                readinessProbe: {exec: {command: [no-such-thing]}, periodSeconds: 1}
              - {name: shell, image: registry.example/c:1, readinessProbe: {exec: {command: [sh, -c, "no-such-thing ping"]}, periodSeconds: 1} }
            """);
        PodEvents.Wait(cluster, "examined", "Unhealthy", "Readiness probe failed: command exited with code 1");
        cluster.Kubectl("wait", "--for=jsonpath={.status.containerStatuses[1].ready}=true", "pod/examined", "--timeout=120s");
        cluster.Kubectl("wait", "--for=jsonpath={.status.containerStatuses[2].ready}=true", "pod/examined", "--timeout=120s");
        Assert.Equal("false", cluster.Kubectl("get", "pod", "examined", "-o", "jsonpath={.status.containerStatuses[0].ready}"));

        PodEvents.Wait(cluster, "examined", "ProbeNotRun", "Readiness probe not run: executable \"no-such-thing\" is not found on the host, counted as passed");
        PodEvents.Wait(cluster, "examined", "ProbeNotRun", "Readiness probe not run: an executable that \"sh -c no-such-thing ping\" starts is not found on the host, counted as passed");
        cluster.Kubectl("exec", "examined", "-c", "asked", "--", "touch", "/tmp/ready");

        cluster.Kubectl("wait", "--for=condition=Ready", "pod/examined", "--timeout=120s");

        // Told once for each container, however often it is due.
        var told = cluster.Kubectl("get", "events", "--field-selector", "involvedObject.name=examined,reason=ProbeNotRun", "-o", "jsonpath={.items[*].count}");
        Assert.Equal("1 1", told.Trim());
    }

    [Fact]
    public void A_stand_in_beside_a_command_ends_after_it()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: accompanied}
            spec:
              restartPolicy: Never
              initContainers:
              - name: beside
                image: registry.example/mesh:1
                restartPolicy: Always
                ports: [{containerPort: 8080}]
                lifecycle: {preStop: {exec: {command: ["true"]} } }
              containers: [{name: c, image: busybox, command: ["true"]}]
            """);

        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/accompanied", "--timeout=120s");

        cluster.Kubectl("wait", "--for=jsonpath={.status.initContainerStatuses[0].state.terminated.reason}=Completed", "pod/accompanied", "--timeout=120s");
        cluster.Kubectl("delete", "pod", "accompanied", "--timeout=25s");
    }
}
