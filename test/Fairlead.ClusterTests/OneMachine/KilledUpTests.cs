namespace Fairlead.ClusterTests.OneMachine;

/// <summary>What `up` leaves when it is killed outright is taken over by the next `up`, and removed by `down`.</summary>
public sealed class KilledUpTests(ClusterFixture cluster) : IClassFixture<ClusterFixture>
{
    [Fact]
    public void The_next_up_recovers_and_down_leaves_everything_as_it_was()
    {
        cluster.Kubectl("create", "configmap", "kept");
        cluster.Kill("up");

        cluster.Fairlead("up", "--detach", "--name", cluster.Name);
        cluster.Kubectl("get", "configmap", "kept");
        cluster.Kill("up");
        cluster.Fairlead("down", "--name", cluster.Name);

        Assert.Equal(cluster.Before, cluster.Traces());
    }
}
