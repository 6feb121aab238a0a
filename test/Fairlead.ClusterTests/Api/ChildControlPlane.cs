using System.Diagnostics;
using System.Net;
using Fairlead.ControlPlane;
using Fairlead.Kube.Client;
using Fairlead.Kube.Kubeconfig;

namespace Fairlead.ClusterTests.Api;

/// <summary>A control plane in a process of its own, which a test may kill.</summary>
internal sealed class ChildControlPlane : IDisposable
{
    private readonly Process _process;

    private ChildControlPlane(Process process, string kubeconfig)
    {
        _process = process;
        Client = new KubeClient(KubeconfigReader.Read(kubeconfig));
    }

    public KubeClient Client { get; }

    /// <summary>Starts one and waits until it serves.</summary>
    public static async Task<ChildControlPlane> StartAsync(string state)
    {
        var kubeconfig = Path.Combine(state, "kubeconfig");
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["control-plane", Path.Combine(state, "state"), kubeconfig]) { RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync());
        return new ChildControlPlane(process, kubeconfig);
    }

    /// <summary>The child's part: serves until it is killed.</summary>
    public static async Task<int> RunAsync(string state, string kubeconfig)
    {
        await using var plane = await ControlPlane.ControlPlane.StartAsync(
            new ControlPlaneOptions { StateDirectory = state, Listen = [new IPEndPoint(IPAddress.Loopback, 0)] }, default);
        var administrator = plane.IssueAdministrator();
        var entry = new KubeconfigEntry("test", $"https://{plane.Endpoints[0]}", plane.AuthorityPem, administrator.CertificatePem, administrator.KeyPem);
        await File.WriteAllTextAsync(kubeconfig, entry.ToDocument());
        Console.WriteLine("ready");
        await plane.Completion;
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
        return 0;
    }

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        Client.Dispose();
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }
}
