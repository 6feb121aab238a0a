namespace Fairlead.ClusterTests.OneMachine;

/// <summary>What of volumes a container sees, and what it cannot make of them.</summary>
public sealed partial class PodLifecycleTests
{
    [Fact]
    public void A_volume_filled_from_the_API_cannot_be_written_and_is_the_fsGroups_to_read()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Secret
            metadata: {name: filled}
            stringData: {pw: s3}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: filled}
            data: {color: blue}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: filled}
            spec:
              restartPolicy: Never
              securityContext: {fsGroup: 56}
              initContainers:
              - name: root
                image: busybox
                command: [sh, -c, "for d in secret map all down; do touch /$d/x 2>/dev/null && echo $d; rm -r /$d/* 2>/dev/null && echo $d; done; echo kept"]
                volumeMounts: [&s {name: secret, mountPath: /secret}, &m {name: map, mountPath: /map}, &a {name: all, mountPath: /all}, &d {name: down, mountPath: /down}]
              containers:
              - name: c
                image: busybox
                securityContext: {runAsUser: 1000, runAsGroup: 1000}
                command: [sh, -c, "cat /secret/pw /map/color /all/pw /down/name; echo; stat -c '%a %g' /secret/pw /empty; touch /empty/x; stat -c %g /empty/x"]
                volumeMounts: [*s, *m, *a, *d, {name: empty, mountPath: /empty}]
              volumes:
              - {name: secret, secret: {secretName: filled, defaultMode: 0400}}
              - {name: map, configMap: {name: filled, defaultMode: 0400}}
              - {name: all, projected: {defaultMode: 0400, sources: [{secret: {name: filled}}]}}
              - {name: down, downwardAPI: {defaultMode: 0400, items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}
              - {name: empty, emptyDir: {}}
            """);
        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/filled", "--timeout=120s");

        Assert.Equal("kept", cluster.Kubectl("logs", "filled", "-c", "root").Trim());
        Assert.Equal("s3blues3filled\n440 56\n2777 56\n56", Log("filled"));
    }

    [Fact]
    public void A_directory_swapped_for_a_link_leads_nowhere_on_the_host()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: swaps}
            spec:
              restartPolicy: Never
              initContainers:
              - name: swap
                image: busybox
                command: [sh, -c, "ln -s /etc /v/part; ln -s ../../../../../../../../../../etc /v/deep; ln -s /etc /v/below"]
                volumeMounts: [{name: v, mountPath: /v}]
              containers:
              - name: c
                image: busybox
                command: [sh, -c, "ls /part /deep | grep -c passwd; touch /part/fl-swapped; ls /v/etc; ls -d /v/inner/fl-other; touch /etc/fl-inner"]
                volumeMounts:
                - {name: v, mountPath: /part, subPath: part}
                - {name: v, mountPath: /deep, subPath: deep}
                - {name: v, mountPath: /v}
                - {name: other, mountPath: /v/below/fl-other}
                - {name: other, mountPath: /v/inner/fl-other}
              volumes: [{name: v, emptyDir: {}}, {name: other, emptyDir: {}}]
            """);
        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/swaps", "--timeout=120s");

        Assert.Equal("0\nfl-swapped\n/v/inner/fl-other", Log("swaps"));
        Assert.Empty(Directory.GetFileSystemEntries("/etc", "fl-*"));
    }

    [Fact]
    public void A_subPath_is_made_when_missing_and_mounts_come_in_order_of_depth_in_dev_too()
    {
        cluster.Apply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: parts}
            spec:
              restartPolicy: Never
              containers:
              - name: c
                image: busybox
                securityContext: {runAsUser: 1000}
                env: [{name: WHO, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
                command: [sh, -c, "touch /new/a/x /dev/own/y /expr/z; ls /new/a /whole /whole/parts; (touch /dev/z) 2>/dev/null || echo kept"]
                volumeMounts:
                - {name: v, mountPath: /new/a, subPath: one/two}
                - {name: w, mountPath: /new}
                - {name: v, mountPath: /dev/own, subPath: dev}
                - {name: v, mountPath: /expr, subPathExpr: "$(WHO)"}
                - {name: v, mountPath: /whole}
              volumes: [{name: v, emptyDir: {}}, {name: w, emptyDir: {}}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: unset}
            spec:
              containers:
              - {name: c, image: busybox, command: [sh], volumeMounts: [{name: v, mountPath: /v, subPathExpr: "$(NOBODY)"}]}
              volumes: [{name: v, emptyDir: {}}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: looped}
            spec:
              restartPolicy: Never
              initContainers:
              - {name: i, image: busybox, command: [ln, -s, loop, /v/loop], volumeMounts: [{name: v, mountPath: /v}]}
              containers:
              - {name: c, image: busybox, command: [sh], volumeMounts: [{name: v, mountPath: /x, subPath: loop}]}
              volumes: [{name: v, emptyDir: {}}]
            """);
        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/parts", "--timeout=120s");
        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Failed", "pod/looped", "--timeout=120s");
        cluster.Kubectl(
            "wait", "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=CreateContainerConfigError", "pod/unset", "--timeout=120s");

        Assert.Equal("/new/a:\nx\n\n/whole:\ndev\none\nparts\n\n/whole/parts:\nz\nkept", Log("parts"));
        var said = cluster.Kubectl("get", "pod", "looped", "-o", "jsonpath={.status.containerStatuses[0].state.terminated.message}");
        Assert.Contains("subPath \"loop\"", said, StringComparison.Ordinal);
        Assert.DoesNotContain("/fairlead/", said + cluster.Kubectl("get", "events"), StringComparison.Ordinal);
    }
}
