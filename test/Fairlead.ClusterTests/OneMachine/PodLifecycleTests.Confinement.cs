namespace Fairlead.ClusterTests.OneMachine;

/// <summary>What a container may be and see, and what it leaves to be read.</summary>
public sealed partial class PodLifecycleTests
{
    [Fact]
    public void A_container_that_must_not_be_root_does_not_start_and_what_is_not_heeded_is_told()
    {
        var (_, _, warning) = cluster.TryKubectl(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: nonroot}
            spec:
              securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
              containers: [{name: c, image: busybox, command: [sleep, "1000"]}]
            """,
            "apply", "-f", "-");
        cluster.Kubectl(
            "wait", "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=CreateContainerConfigError", "pod/nonroot", "--timeout=120s");

        Assert.StartsWith(
            "container has runAsNonRoot and image will run as root (pod: \"nonroot_default(",
            cluster.Kubectl("get", "pod", "nonroot", "-o", "jsonpath={.status.containerStatuses[0].state.waiting.message}"), StringComparison.Ordinal);
        Assert.Contains("spec.securityContext.seccompProfile: not applied on this cluster", warning, StringComparison.Ordinal);
        Assert.Contains(
            "securityContext.seccompProfile: not applied on this cluster",
            cluster.Kubectl("get", "events", "--field-selector", "reason=NotEnforced,involvedObject.name=nonroot"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_container_leaves_as_its_termination_message_is_told_and_else_the_end_of_its_log()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: message}
            spec:
              restartPolicy: Never
              containers:
              - {name: c, image: busybox, securityContext: {runAsUser: 1000}, command: [sh, -c, "printf bye > /dev/termination-log"]}
              - {name: long, image: busybox, terminationMessagePath: /msg/m, command: [sh, -c, "yes x | head -c 9000 > /msg/m; printf last >> /msg/m"]}
              - {name: failed, image: busybox, terminationMessagePolicy: FallbackToLogsOnError, command: [sh, -c, "seq 1 200; exit 3"]}
              - {name: fine, image: busybox, terminationMessagePolicy: FallbackToLogsOnError, command: [sh, -c, "seq 1 200"]}
            """);
        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Failed", "pod/message", "--timeout=120s");

        string Message(string container) => cluster.Kubectl(
            "get", "pod", "message", "-o", $"jsonpath={{.status.containerStatuses[?(@.name==\"{container}\")].state.terminated.message}}");
        Assert.Equal("bye", Message("c"));
        Assert.Equal(4096, Message("long").Length);
        Assert.EndsWith("last", Message("long"), StringComparison.Ordinal);
        Assert.Equal(string.Concat(Enumerable.Range(121, 80).Select(number => $"{number}\n")), Message("failed"));
        Assert.Empty(Message("fine"));
    }

    [Fact]
    public void Credentials_of_the_host_are_hidden_wherever_the_kubeconfig_is()
    {
        cluster.Script("blind", "restartPolicy: Never", $"cat {cluster.Kubeconfig} /etc/shadow /etc/gshadow; ls -A /etc/kubernetes /etc/rancher 2>/dev/null | grep -v :; wc -c < /etc/passwd");
        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/blind", "--timeout=120s");

        Assert.NotEqual(0, new FileInfo(cluster.Kubeconfig).Length);
        Assert.Equal($"{new FileInfo("/etc/passwd").Length}", Log("blind").Trim());
    }

    [Fact]
    public void Variables_and_files_tell_what_a_container_may_use()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: amounts}
            spec:
              restartPolicy: Never
              containers:
              - name: c
                image: busybox
                resources: {limits: {cpu: 1500m, memory: 64Mi}}
                env:
                - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}
                - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
                command: [sh, -c, "echo $CPU $MEMORY; cat /down/mb"]
                volumeMounts: [{name: down, mountPath: /down}]
              volumes: [{name: down, downwardAPI: {items: [{path: mb, resourceFieldRef: {containerName: c, resource: limits.memory, divisor: 1Mi}}]}}]
            """);
        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/amounts", "--timeout=120s");

        Assert.Equal("1500 67108864\n64", Log("amounts"));
    }

    [Fact]
    public void Containers_behind_one_that_initializes_wait_for_that()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: behind}
            spec:
              restartPolicy: Never
              initContainers: [{name: i, image: busybox, command: [sh, -c, "exit 1"]}]
              containers: [{name: c, image: busybox, command: [sleep, "1000"]}]
            """);
        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Failed", "pod/behind", "--timeout=120s");

        Assert.Equal("PodInitializing", cluster.Kubectl("get", "pod", "behind", "-o", "jsonpath={.status.containerStatuses[0].state.waiting.reason}"));
    }
}
