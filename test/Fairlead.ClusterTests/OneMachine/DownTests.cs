namespace Fairlead.ClusterTests.OneMachine;

public sealed class DownTests(ClusterFixture cluster) : IClassFixture<ClusterFixture>
{
    [Fact]
    public void Down_leaves_everything_as_it_was()
    {
        cluster.Kubectl("run", "left", "--image=registry.example/web:1", "--port=80");
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/left", "--timeout=60s");
        Assert.NotEqual(cluster.Before, cluster.Traces());

        cluster.Fairlead("down", "--name", cluster.Name);

        Assert.Equal(cluster.Before, cluster.Traces());
        Assert.Contains("there is no cluster", cluster.Fairlead("down", "--name", cluster.Name), StringComparison.Ordinal);
    }
}
