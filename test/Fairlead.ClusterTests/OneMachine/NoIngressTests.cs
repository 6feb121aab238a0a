using System.Text.Json.Nodes;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>The choice of a cluster that serves no Ingresses, from one start to the next.</summary>
public sealed class NoIngressTests : IDisposable
{
    private readonly Machine _machine = new();

    [Fact]
    public void A_cluster_keeps_it_and_removes_what_there_was()
    {
        Assert.Contains($"ingress {IngressFixture.Address}: ", Fairlead("up", "--detach", "--nodes", "1"), StringComparison.Ordinal);
        var pod = Kubectl("get", "pods", "-n", "kube-system", "-o", "name");
        Fairlead("down", "--keep-state");
        Fairlead("up", "--detach");
        Assert.Equal(pod, Kubectl("get", "pods", "-n", "kube-system", "-o", "name"));
        Fairlead("down", "--keep-state");

        Fairlead("up", "--detach", "--no-ingress");
        Kubectl("wait", "--for=delete", "pods,services,deployments,serviceaccounts", "-n", "kube-system", "-l", "app.kubernetes.io/name=fairlead-ingress", "--timeout=120s");
        Assert.Equal("", Kubectl("get", "ingressclasses", "-o", "name"));
        Fairlead("down", "--keep-state");
        Assert.DoesNotContain("ingress", Fairlead("up", "--detach"), StringComparison.Ordinal);
        Assert.DoesNotContain("ingress", Fairlead("status"), StringComparison.Ordinal);
        var (code, _, error) = _machine.TryRun(ClusterFixture.BuiltProgram, "up", "--no-ingress=false");
        Assert.Equal(1, code);
        Assert.Contains("was started with --no-ingress", error, StringComparison.Ordinal);

        var demo = JsonNode.Parse(Fairlead("demo", "--only", "ingress", "-o", "json"))!;
        Assert.Equal(0, (int)demo["failed"]!);
        Assert.All(demo["results"]!.AsArray(), result => Assert.Contains("up --detach --no-ingress=false", (string?)result!["seen"], StringComparison.Ordinal));
        Assert.Equal((int)demo["checks"]!, (int)demo["notTried"]!);
    }

    /// <inheritdoc/>
    public void Dispose() => _machine.Dispose();

    private string Fairlead(params string[] arguments) => _machine.Run(ClusterFixture.BuiltProgram, arguments);

    private string Kubectl(params string[] arguments) => _machine.Run(ClusterFixture.KubectlProgram, ["--cache-dir", Path.Combine(_machine.Directory, "cache"), .. arguments]);
}
