using System.Text.Json.Nodes;
using Fairlead.Pods;
using Fairlead.Pods.Lifecycle;
using Fairlead.Pods.Spec;

namespace Fairlead.Tests.Pods;

public sealed class PodSecurityTests
{
    [Theory]
    [InlineData("""{"runAsNonRoot": true}""", "{}", "container has runAsNonRoot and image will run as root")]
    [InlineData("""{"runAsNonRoot": true, "runAsUser": 0}""", "{}", "container's runAsUser breaks non-root policy")]
    [InlineData("{}", """{"runAsNonRoot": true}""", "container has runAsNonRoot and image will run as root")]
    public void A_container_that_must_not_be_root_and_would_be_is_refused_as_kubelet_does(string pod, string container, string message)
    {
        var spec = Pod(pod, container);
        var failure = Assert.Throws<ContainerConfigFailure>(() => PodSecurity.Refuse(spec, spec.Containers[0]));
        Assert.Equal($"{message} (pod: \"p_n(u)\", container: c)", failure.Message);
    }

    [Theory]
    [InlineData("""{"runAsNonRoot": true, "runAsUser": 1}""", "{}")]
    [InlineData("""{"runAsNonRoot": true}""", """{"runAsNonRoot": false}""")]
    public void Any_other_is_not(string pod, string container)
    {
        var spec = Pod(pod, container);
        PodSecurity.Refuse(spec, spec.Containers[0]);
    }

    [Fact]
    public void What_a_pod_asks_for_and_does_not_get_is_told_in_a_warning()
    {
        var spec = JsonNode.Parse(
            """
            {"hostPID": true, "hostIPC": true, "hostUsers": false,
             "securityContext": {"seccompProfile": {"type": "RuntimeDefault"},
               "sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "0"}, {"name": "vm.swappiness", "value": "1"}]},
             "containers": [{"name": "c", "image": "busybox", "command": ["sh"], "securityContext":
               {"appArmorProfile": {"type": "RuntimeDefault"}, "seLinuxOptions": {"level": "s0"}, "seccompProfile": {"type": "Unconfined"}, "procMount": "Unmasked"}}]}
            """)!.AsObject();

        Assert.Equal(
            [
                "spec.hostPID", "spec.hostIPC", "spec.hostUsers", "spec.securityContext.sysctls", "spec.securityContext.seccompProfile",
                "spec.containers[0].securityContext.appArmorProfile", "spec.containers[0].securityContext.seLinuxOptions",
                "spec.containers[0].securityContext.procMount",
            ],
            PodWarnings.For(spec, "spec").Select(warning => warning.Split(": ")[0]));
        Assert.Equal([("net/ipv4/tcp_syncookies", "0")], PodSecurity.Sysctls(spec));
    }

    private static PodSpec Pod(string pod, string container) => new(JsonNode.Parse(
        $$$"""
        {"metadata": {"name": "p", "namespace": "n", "uid": "u"},
         "spec": {"securityContext": {{{pod}}}, "containers": [{"securityContext": {{{container}}}, "name": "c"}]}}
        """)!.AsObject());
}
