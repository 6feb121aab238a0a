using System.Diagnostics;
using System.Net;
using System.Text;
using Fairlead.ControlPlane;
using Fairlead.ControlPlane.Controllers;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.ClusterTests.Controllers;

/// <summary>What kubectl users do with workloads, by kubectl, against the real server and the real controllers; nodes are played.</summary>
public sealed class KubectlWorkloadTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-kubectl-").FullName;
    private readonly CancellationTokenSource _stopping = new();
    private ControlPlane.ControlPlane _plane = null!;

    private string Kubeconfig => Path.Combine(_directory, "kubeconfig");

    public async ValueTask InitializeAsync()
    {
        _plane = await ControlPlane.ControlPlane.StartAsync(
            new ControlPlaneOptions
            {
                StateDirectory = Path.Combine(_directory, "state"),
                Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
                Controllers = plane =>
                [
                    new ControllerManager(plane.Api, new ControllerOptions { RootCertificate = plane.AuthorityPem }, TimeProvider.System, NullLoggerFactory.Instance),
                ],
            },
            default);
        foreach (var (node, zone) in new[] { ("n1", "z1"), ("n2", "z2") })
        {
            await PlayedNodes.AddAsync(_plane.Api, node, zone);
        }

        _ = new PlayedNodes(_plane.Api, TimeProvider.System).RunAsync(_stopping.Token);
        await WriteKubeconfigAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _plane.DisposeAsync();
        _stopping.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_Deployment_is_created_scaled_rolled_out_undone_and_restarted()
    {
        await KubectlAsync("create deployment web --image=nginx:1 --replicas=3");
        Assert.Contains("successfully rolled out", await KubectlAsync("rollout status deployment/web --timeout=120s"), StringComparison.Ordinal);
        await KubectlAsync("scale deployment/web --replicas=5");
        Assert.Contains("successfully rolled out", await KubectlAsync("rollout status deployment/web --timeout=120s"), StringComparison.Ordinal);
        Assert.Equal("5/5", await KubectlAsync("get deployment web -o jsonpath={.status.readyReplicas}/{.spec.replicas}"));

        await KubectlAsync("set image deployment/web nginx=nginx:2");
        await KubectlAsync("rollout status deployment/web --timeout=120s");
        Assert.Equal("nginx:2", await KubectlAsync("get deployment web -o jsonpath={.spec.template.spec.containers[0].image}"));
        Assert.DoesNotContain("nginx:1", await KubectlAsync("get pods -l app=web -o jsonpath={.items[*].spec.containers[0].image}"), StringComparison.Ordinal);
        Assert.Equal(["1", "2"], Revisions(await KubectlAsync("rollout history deployment/web")));

        await KubectlAsync("rollout undo deployment/web");
        await KubectlAsync("rollout status deployment/web --timeout=120s");
        Assert.Equal("nginx:1", await KubectlAsync("get deployment web -o jsonpath={.spec.template.spec.containers[0].image}"));
        Assert.Equal(["2", "3"], Revisions(await KubectlAsync("rollout history deployment/web")));
        Assert.Equal(2, (await KubectlAsync("get replicasets --no-headers")).Split('\n').Length);

        await KubectlAsync("rollout restart deployment/web");
        await KubectlAsync("rollout status deployment/web --timeout=120s");
        Assert.Equal(["2", "3", "4"], Revisions(await KubectlAsync("rollout history deployment/web")));
        await KubectlAsync("wait --for=condition=Available deployment/web --timeout=120s");

        await KubectlAsync("delete deployment web");
        await KubectlAsync("wait --for=delete pod -l app=web --timeout=120s");
    }

    [Fact]
    public async Task A_paused_rollout_waits_until_it_is_resumed()
    {
        await KubectlAsync("create deployment web --image=nginx:1 --replicas=2");
        await KubectlAsync("rollout status deployment/web --timeout=120s");
        await KubectlAsync("rollout pause deployment/web");
        await KubectlAsync("set image deployment/web nginx=nginx:2");
        await KubectlAsync("wait --for=jsonpath={.status.conditions[?(@.type==\"Progressing\")].reason}=DeploymentPaused deployment/web --timeout=120s");
        Assert.Single((await KubectlAsync("get replicasets --no-headers")).Split('\n'));
        await KubectlAsync("rollout resume deployment/web");
        Assert.Contains("successfully rolled out", await KubectlAsync("rollout status deployment/web --timeout=120s"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Expose_describe_and_a_deleted_namespace_show_what_the_controllers_keep()
    {
        await KubectlAsync("create namespace shop");
        await KubectlAsync("create deployment web --image=nginx:1 --replicas=2 --port=80 -n shop");
        await KubectlAsync("expose deployment web -n shop --port=80");
        await KubectlAsync("rollout status deployment/web -n shop --timeout=120s");
        await KubectlAsync("wait --for=jsonpath={.endpoints[1].conditions.ready}=true endpointslice -l kubernetes.io/service-name=web -n shop --timeout=120s");
        var described = await KubectlAsync("describe service web -n shop");
        Assert.Matches(@"Endpoints:\s+10\.244\.\d+\.\d+:80,10\.244\.\d+\.\d+:80", described);
        Assert.Contains("ScalingReplicaSet", await KubectlAsync("describe deployment web -n shop"), StringComparison.Ordinal);
        Assert.Contains("Successfully assigned", await KubectlAsync("events -n shop"), StringComparison.Ordinal);
        await KubectlAsync("delete namespace shop --timeout=120s");
        Assert.DoesNotContain("shop", await KubectlAsync("get namespaces"), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Revisions(string history) =>
        history.Split('\n').Select(line => line.Split(' ')[0]).Where(word => word.Length > 0 && char.IsAsciiDigit(word[0]));

    /// <summary>Runs kubectl to its end; arguments are separated by spaces.</summary>
    private async Task<string> KubectlAsync(string arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("KUBECTL") ?? "kubectl", arguments.Split(' '))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["KUBECONFIG"] = Kubeconfig;
        start.Environment["HOME"] = _directory;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(Deadline.Token());
        Assert.True(process.ExitCode == 0, $"kubectl {arguments}: {await output}{await error}");
        return (await output).Trim();
    }

    private Task WriteKubeconfigAsync()
    {
        var admin = _plane.IssueAdministrator();
        string Data(string pem) => Convert.ToBase64String(Encoding.UTF8.GetBytes(pem));
        return File.WriteAllTextAsync(Kubeconfig, $"""
            apiVersion: v1
            kind: Config
            current-context: test
            clusters: [ {"{"} name: test, cluster: {"{"} server: "https://{_plane.Endpoints[0]}", certificate-authority-data: {Data(_plane.AuthorityPem)} {"}"} {"}"} ]
            users: [ {"{"} name: test, user: {"{"} client-certificate-data: {Data(admin.CertificatePem)}, client-key-data: {Data(admin.KeyPem)} {"}"} {"}"} ]
            contexts: [ {"{"} name: test, context: {"{"} cluster: test, user: test {"}"} {"}"} ]
            """);
    }
}
