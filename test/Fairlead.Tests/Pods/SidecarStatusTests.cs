using System.Text.Json.Nodes;
using Fairlead.Pods.Lifecycle;
using Fairlead.Pods.Spec;

namespace Fairlead.Tests.Pods;

/// <summary>What sidecars mean for a pod's phase (KEP-753, "Pod phase and conditions").</summary>
public sealed class SidecarStatusTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    private readonly ContainerRecord _sidecar = Record("""{"name":"beside","restartPolicy":"Always"}""", isInit: true);
    private readonly ContainerRecord _main = Record("""{"name":"main"}""", isInit: false);

    [Fact]
    public void A_pod_is_pending_until_its_sidecar_has_started()
    {
        _sidecar.Running = Now;
        Assert.Equal("Pending", Phase("Always"));

        _sidecar.SetStarted(true);
        _main.Running = Now;
        Assert.Equal("Running", Phase("Always"));
    }

    [Fact]
    public void A_sidecar_that_failed_does_not_fail_the_pod()
    {
        _sidecar.SetStarted(true);
        _sidecar.Ended = Ended(1);
        _main.Ended = Ended(0);

        Assert.Equal("Succeeded", Phase("Never"));
    }

    [Fact]
    public void A_phase_is_final_only_once_the_sidecars_have_ended()
    {
        _sidecar.Running = Now;
        _sidecar.SetStarted(true);
        _main.Ended = Ended(3);
        Assert.Equal("Running", Phase("Never"));

        _sidecar.Running = null;
        _sidecar.Ended = Ended(143);
        Assert.Equal("Failed", Phase("Never"));
    }

    [Fact]
    public void A_sidecar_that_is_started_again_makes_no_running_pod_pending()
    {
        _sidecar.Last = Ended(1);
        _main.Running = Now;

        Assert.Equal("Running", Phase("Always"));
    }

    [Fact]
    public void A_pod_is_ready_when_its_sidecars_are_too()
    {
        (_main.Running, _main.Ready, _sidecar.Running) = (Now, true, Now);
        Assert.Equal("False", Ready());

        _sidecar.Ready = true;
        Assert.Equal("True", Ready());
        Assert.True((bool)_sidecar.Status()["ready"]!);
    }

    private string Phase(string policy) => PodStatus.Phase(policy, [_sidecar], [_main]);

    private string Ready()
    {
        var pod = new PodSpec(JsonNode.Parse("""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"main"}]}}""")!.AsObject());
        var status = PodStatus.Build(pod, [], [_sidecar], [_main], ["10.0.0.1"], ["192.0.2.1"], Now, Now);
        return (string)status["conditions"]!.AsArray().Single(condition => (string?)condition!["type"] == "Ready")!["status"]!;
    }

    private static ContainerRecord Record(string json, bool isInit) => new(new ContainerSpec(JsonNode.Parse(json)!.AsObject(), null), isInit);

    private static Termination Ended(int code) => new(code, 0, code == 0 ? "Completed" : "Error", "", Now, Now);
}
