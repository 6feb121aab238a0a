using System.Diagnostics;
using System.Text.Json.Nodes;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>Pods and the machine they run on: its network, files, memory, and what outlives the role that runs them.</summary>
public sealed class PodHostTests(ClusterFixture cluster) : IClassFixture<ClusterFixture>
{
    [Fact]
    public void A_host_network_pod_has_its_nodes_address_answers_there_and_reaches_the_pods_of_every_node()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: hostly}
            spec:
              hostNetwork: true
              dnsPolicy: ClusterFirstWithHostNet
              containers:
              - {name: web, image: registry.example/web:1, ports: [{containerPort: 8085}]}
              - {name: c, image: busybox, command: [sleep, "1000"]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: client}
            spec: {containers: [{name: c, image: registry.example/client:1, ports: [{containerPort: 8080}]}]}
            """);
        foreach (var node in (int[])[1, 2])
        {
            cluster.Apply(
                $$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: server-{{node}} }
                spec: {nodeName: {{cluster.Name}}-{{node}}, containers: [{name: c, image: registry.example/server:1, ports: [{containerPort: 8080}]}]}
                """);
        }

        cluster.Kubectl("wait", "--for=condition=Ready", "pod/hostly", "pod/client", "pod/server-1", "pod/server-2", "--timeout=120s");

        var (pod, host) = (cluster.PodAddress("hostly"), Status("hostly", "{.status.hostIP}"));
        Assert.Equal(host, pod);
        Assert.Equal("hostly", (string?)cluster.Ask("client", $"{host}:8085")["pod"]);
        Assert.Contains(host, cluster.Kubectl("exec", "hostly", "-c", "c", "--", "ip", "-o", "-4", "addr"), StringComparison.Ordinal);
        foreach (var server in (string[])["server-1", "server-2"])
        {
            var answer = JsonNode.Parse(cluster.Kubectl("exec", "hostly", "-c", "c", "--", "curl", "-sS", "--max-time", "30", $"http://{cluster.PodAddress(server)}:8080/"))!;
            Assert.Equal(server, (string?)answer["pod"]);
            Assert.StartsWith($"{host}:", (string?)answer["client"], StringComparison.Ordinal);
        }

        Assert.Contains("nameserver 10.96.0.10", cluster.Kubectl("exec", "hostly", "-c", "c", "--", "cat", "/etc/resolv.conf"), StringComparison.Ordinal);

        cluster.Kubectl("delete", "pod", "hostly", "--timeout=25s", "--grace-period=1");
        Assert.NotEqual(0, Tool.TryRun("nsenter", "", $"--net=/run/netns/fairlead-{cluster.Name}-node-1", "curl", "-sS", "--max-time", "2", $"http://{host}:8085/").Code);
    }

    [Fact]
    public void With_dnsPolicy_None_resolv_conf_is_what_dnsConfig_says()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: ownly}
            spec:
              restartPolicy: Never
              dnsPolicy: None
              dnsConfig: {nameservers: [192.0.2.53], searches: [a.example, b.example], options: [{name: ndots, value: "2"}, {name: edns0}]}
              containers: [{name: c, image: busybox, command: [cat, /etc/resolv.conf]}]
            """);
        Assert.Equal("search a.example b.example\nnameserver 192.0.2.53\noptions ndots:2 edns0", OutputOf("ownly"));
    }

    [Fact]
    public void A_pod_is_named_in_full_where_it_asks_for_it_and_told_what_its_resolv_conf_leaves_out()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: fully}
            spec:
              restartPolicy: Never
              subdomain: sub
              setHostnameAsFQDN: true
              dnsConfig: {nameservers: [192.0.2.1, 192.0.2.2, 192.0.2.3]}
              containers: [{name: c, image: busybox, command: [sh, -c, "hostname; cat /etc/hostname; echo $HOSTNAME; grep -c nameserver /etc/resolv.conf"]}]
            """);
        const string Full = "fully.sub.default.svc.cluster.local";
        Assert.Equal($"{Full}\n{Full}\n{Full}\n3", OutputOf("fully"));
        PodEvents.Wait(
            cluster, "fully", "DNSConfigForming",
            "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 10.96.0.10 192.0.2.1 192.0.2.2");
    }

    [Fact]
    public void A_hostPath_is_made_or_refused_as_its_type_says()
    {
        var directory = Directory.CreateDirectory($"/opt/{cluster.Name}-types").FullName;
        try
        {
            File.WriteAllText($"{directory}/file", "text");
            cluster.Apply(
                $$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: paths}
                spec:
                  restartPolicy: Never
                  containers:
                  - name: c
                    image: busybox
                    command: [sh, -c, "cat /f; echo; echo made > /d/inner; cat /o; echo fresh > /o"]
                    volumeMounts: [{name: d, mountPath: /d}, {name: f, mountPath: /f, readOnly: true}, {name: o, mountPath: /o}]
                  volumes:
                  - {name: d, hostPath: {path: {{directory}}/new, type: DirectoryOrCreate} }
                  - {name: f, hostPath: {path: {{directory}}/file, type: File} }
                  - {name: o, hostPath: {path: {{directory}}/fresh, type: FileOrCreate} }
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: mismatch}
                spec:
                  containers: [{name: c, image: busybox, command: [sleep, "1000"], volumeMounts: [{name: d, mountPath: /d}]}]
                  volumes: [{name: d, hostPath: {path: {{directory}}/file, type: Directory} }]
                """);

            Assert.Equal("text", OutputOf("paths"));
            Assert.Equal(["made", "fresh"], File.ReadAllLines($"{directory}/new/inner").Concat(File.ReadAllLines($"{directory}/fresh")));
            PodEvents.Wait(cluster, "mismatch", "Failed", $"Error: hostPath {directory}/file is not there as Directory");
            cluster.Kubectl(
                "wait", "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=CreateContainerConfigError", "pod/mismatch", "--timeout=120s");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void No_kubeconfig_and_no_home_of_the_host_is_seen_in_a_container()
    {
        var secret = $"/root/.{cluster.Name}";
        File.WriteAllText(secret, "x");
        try
        {
            cluster.Script("blind", "restartPolicy: Never",
                $"ls -A /root | wc -l; cat {secret} {cluster.Kubeconfig} 2>/dev/null; ls /root/.kube /var/lib/fairlead/{cluster.Name} /run/fairlead/{cluster.Name} 2>/dev/null; echo end");
            Assert.Equal("0\nend", OutputOf("blind"));
        }
        finally
        {
            File.Delete(secret);
        }
    }

    [Fact]
    public void A_command_has_its_whole_grace_period_to_end()
    {
        var directory = Directory.CreateDirectory($"/opt/{cluster.Name}-grace").FullName;
        try
        {
            cluster.Apply(
                $$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: slowly}
                spec:
                  terminationGracePeriodSeconds: 30
                  containers:
                  - name: c
                    image: busybox
                    command: [sh, -c, "trap 'sleep 3; echo ended > /out/f; exit 0' TERM; touch /out/up; while :; do sleep 0.1; done"]
                    readinessProbe: {exec: {command: [test, -f, /out/up]}, periodSeconds: 1}
                    volumeMounts: [{name: out, mountPath: /out}]
                  volumes: [{name: out, hostPath: {path: {{directory}} } }]
                """);
            cluster.Kubectl("wait", "--for=condition=Ready", "pod/slowly", "--timeout=120s");

            cluster.Kubectl("delete", "pod", "slowly", "--timeout=25s");

            Assert.Equal("ended\n", File.ReadAllText($"{directory}/f"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_container_that_takes_more_memory_than_its_limit_is_OOMKilled()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: greedy}
            spec:
              restartPolicy: Never
              terminationGracePeriodSeconds: 1
              containers:
              - {name: c, image: busybox, command: [dd, if=/dev/zero, of=/dev/null, bs=300M, count=1], resources: {limits: {memory: 64Mi}}}
              - {name: modest, image: busybox, command: [sleep, "1000"], resources: {limits: {memory: 64Mi}}}
            """);
        cluster.Kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].state.terminated.reason}=OOMKilled", "pod/greedy", "--timeout=120s");

        Assert.Equal("137", Status("greedy", "{.status.containerStatuses[0].state.terminated.exitCode}"));
        Assert.Equal("true", Status("greedy", "{.status.containerStatuses[1].ready}"));
        Assert.Equal(0, cluster.TryKubectl("", "exec", "greedy", "-c", "modest", "--", "true").Code);
        Assert.NotEqual(0, cluster.TryKubectl("", "exec", "greedy", "-c", "modest", "--", "dd", "if=/dev/zero", "of=/dev/null", "bs=300M", "count=1").Code);
        Assert.Equal(2, Groups().Length);

        cluster.Kubectl("delete", "pod", "greedy", "--timeout=25s");
        Assert.Empty(Groups());
    }

    [Fact]
    public void The_exit_code_of_a_command_that_ended_while_the_pods_role_was_away_is_known()
    {
        cluster.Script("away", "restartPolicy: Never", "while [ ! -f /tmp/go ]; do sleep 0.1; done; exit 3");
        cluster.Script("back", "restartPolicy: Never", "while [ ! -f /tmp/go ]; do sleep 0.1; done; exit 4");
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/away", "pod/back", "--timeout=120s");
        var (away, back) = (ContainerPid("away"), ContainerPid("back"));

        using (var child = Process.GetProcessById(away))
        {
            cluster.Kill("pods");
            Tool.Run("touch", $"/proc/{away}/root/tmp/go");
            child.WaitForExit();
        }

        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Failed", "pod/away", "--timeout=120s");
        Assert.Equal("3 Error", Ended("away"));
        Tool.Run("touch", $"/proc/{back}/root/tmp/go");
        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Failed", "pod/back", "--timeout=120s");
        Assert.Equal("4 Error", Ended("back"));
        Assert.False(Directory.Exists($"/proc/{away}"));
    }

    private string[] Groups() => [.. new[] { $"/sys/fs/cgroup/fairlead-{cluster.Name}", $"/sys/fs/cgroup/memory/fairlead-{cluster.Name}" }
        .Where(Directory.Exists).SelectMany(Directory.GetDirectories)];

    private string Ended(string pod) =>
        Status(pod, "{.status.containerStatuses[0].state.terminated.exitCode} {.status.containerStatuses[0].state.terminated.reason}");

    private int ContainerPid(string pod) => (int)JsonNode.Parse(
        File.ReadAllText($"/run/fairlead/{cluster.Name}/pods/default_{pod}_{Status(pod, "{.metadata.uid}")}/state.json"))!["processes"]!["c"]!["pid"]!;

    private string OutputOf(string pod)
    {
        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", $"pod/{pod}", "--timeout=120s");
        return cluster.Kubectl("logs", pod).TrimEnd();
    }

    private string Status(string pod, string path) => cluster.Kubectl("get", "pod", pod, "-o", $"jsonpath={path}");
}
