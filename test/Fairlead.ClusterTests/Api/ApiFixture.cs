using System.Diagnostics;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Cluster.Controllers;
using Fairlead.ControlPlane;
using Fairlead.ControlPlane.Controllers;
using Fairlead.Kube.Kubeconfig;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.ClusterTests.Api;

/// <summary>A control plane with its controllers on loopback, a stand-in for the pods role, and the machine's kubectl.</summary>
public sealed class ApiFixture : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-api-").FullName;
    private FakePodsRole? _pods;

    internal ControlPlane.ControlPlane Plane { get; private set; } = null!;

    /// <summary>Services may take no external addresses.</summary>
    internal bool DenyServiceExternalIPs { get; init; }

    internal string Kubeconfig => Path.Combine(_directory, "kubeconfig");

    public async ValueTask InitializeAsync()
    {
        var socket = Path.Combine(_directory, "pods.sock");
        _pods = await FakePodsRole.StartAsync(socket);
        Plane = await ControlPlane.ControlPlane.StartAsync(
            new ControlPlaneOptions
            {
                StateDirectory = Path.Combine(_directory, "state"),
                Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
                Advertise = new IPEndPoint(IPAddress.Parse("172.30.0.1"), 6443),
                PodsSocket = socket,
                DenyServiceExternalIPs = DenyServiceExternalIPs,
                Controllers = plane => (IController[])[new ControllerManager(
                    plane.Api, new ControllerOptions { RootCertificate = plane.AuthorityPem }, TimeProvider.System, NullLoggerFactory.Instance)],
            },
            default);
        WriteKubeconfig(Kubeconfig, "test", Plane.IssueAdministrator());
    }

    public async ValueTask DisposeAsync()
    {
        await Plane.DisposeAsync();
        await _pods!.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>A kubeconfig of another user.</summary>
    internal string KubeconfigOf(string name, ControlPlane.Pki.ClientCredential credential)
    {
        var path = Path.Combine(_directory, name);
        WriteKubeconfig(path, name, credential);
        return path;
    }

    /// <summary>HTTP as the administrator, without any of kubectl; a token instead of the certificate when one is given.</summary>
    internal HttpClient Client(string token = "")
    {
        var connection = KubeconfigReader.Read(Kubeconfig);
        var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(connection.Authorities);
        var client = new HttpClient(handler) { BaseAddress = connection.Server };
        if (token.Length > 0)
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        }
        else
        {
            handler.SslOptions.ClientCertificates = [connection.Certificate!];
        }

        return client;
    }

    /// <summary>Runs kubectl and returns what it printed; fails when it fails.</summary>
    internal string Kubectl(params string[] arguments)
    {
        var (code, output, error) = TryKubectl("", arguments);
        Assert.True(code == 0, $"kubectl {string.Join(' ', arguments)}: exit {code}\n{output}{error}");
        return output;
    }

    /// <summary>Runs kubectl on a document.</summary>
    internal string KubectlWith(string input, params string[] arguments)
    {
        var (code, output, error) = TryKubectl(input, arguments);
        Assert.True(code == 0, $"kubectl {string.Join(' ', arguments)}: exit {code}\n{output}{error}");
        return output;
    }

    internal (int Code, string Output, string Error) TryKubectl(string input, params string[] arguments) => Run(Kubeconfig, input, arguments);

    /// <summary>Runs kubectl with variables of its environment set.</summary>
    internal (int Code, string Output, string Error) RunWith(Dictionary<string, string> environment, params string[] arguments)
    {
        using var process = Start(Kubeconfig, environment, arguments);
        return Finish(process, "");
    }

    internal (int Code, string Output, string Error) Run(string kubeconfig, string input, params string[] arguments)
    {
        using var process = Start(kubeconfig, arguments);
        return Finish(process, input);
    }

    internal Process Start(string kubeconfig, params string[] arguments) => Start(kubeconfig, [], arguments);

    private static (int Code, string Output, string Error) Finish(Process process, string input)
    {
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    private Process Start(string kubeconfig, Dictionary<string, string> environment, string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("FAIRLEAD_KUBECTL") ?? "kubectl", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["KUBECONFIG"] = kubeconfig;
        start.Environment["HOME"] = _directory;
        start.Environment["KUBE_EDITOR"] = "sed -i s/before/after/";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private void WriteKubeconfig(string path, string name, ControlPlane.Pki.ClientCredential credential)
    {
        var entry = new KubeconfigEntry(
            name, $"https://{Plane.Endpoints[0]}", Plane.AuthorityPem, credential.CertificatePem, credential.KeyPem);
        File.WriteAllText(path, entry.ToDocument());
    }
}
