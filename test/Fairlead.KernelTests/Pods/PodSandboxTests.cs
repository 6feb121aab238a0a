using Fairlead.Pods;
using Fairlead.Pods.Sandbox;
using Fairlead.Pods.Spec;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Pods;

public sealed class PodSandboxTests
{
    [Fact]
    public void Kernel_parameters_are_set_in_the_pods_network_and_not_in_the_hosts()
    {
        var run = Directory.CreateTempSubdirectory("fl-sandbox").FullName;
        const string Name = "net/ipv4/tcp_fin_timeout";
        var before = File.ReadAllText($"/proc/sys/{Name}");
        var paths = new PodPaths(
            new PodsOptions { ClusterName = "t", RunDirectory = run, StateDirectory = $"{run}/state", SocketPath = "", Nodes = [] }, new PodSpec([]));
        try
        {
            PodSandbox.Create(paths, "p", "", [(Name, "17")]);

            Assert.Equal("17", Tool.Run("nsenter", $"--net={paths.Net}", "cat", $"/proc/sys/{Name}").Trim());
            Assert.Equal(before, File.ReadAllText($"/proc/sys/{Name}"));
        }
        finally
        {
            PodSandbox.Delete(paths.Run, paths.State);
            Directory.Delete(run, recursive: true);
        }
    }
}
