namespace Fairlead.ClusterTests.OneMachine;

/// <summary>The release binary, as `make aot` publishes it: ahead of time, one file, on its own.</summary>
public sealed class ReleaseBinaryTests(ReleaseBinaryFixture cluster) : IClassFixture<ReleaseBinaryFixture>
{
    [Fact]
    public void Alone_in_an_empty_folder_it_brings_a_cluster_whose_service_answers()
    {
        cluster.Kubectl("run", "web", "--image=registry.example/web:1", "--port=8080", "--expose");
        cluster.Kubectl("run", "client", "--image=registry.example/web:1", "--port=8080");
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/web", "pod/client", "--timeout=120s");
        cluster.Kubectl("wait", "--for=jsonpath={.endpoints[0].addresses[0]}", "endpointslice", "-l", "kubernetes.io/service-name=web", "--timeout=120s");

        var answer = cluster.Ask("client", $"{cluster.Kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")}:8080");

        Assert.Equal("web", (string?)answer["pod"]);
        Assert.StartsWith(cluster.PodAddress("client") + ":", (string?)answer["client"], StringComparison.Ordinal);
        Assert.Equal(["fairlead"], Directory.GetFileSystemEntries(Path.GetDirectoryName(cluster.Program)!).Select(Path.GetFileName));
    }
}
