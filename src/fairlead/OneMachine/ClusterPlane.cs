using System.Net;
using Fairlead.Balancer;
using Fairlead.Balancer.Allocate;
using Fairlead.Cluster.Controllers;
using Fairlead.ControlPlane;
using Fairlead.ControlPlane.Controllers;
using Fairlead.ControlPlane.Pki;
using Fairlead.Kube.Client;
using Fairlead.Kube.Kubeconfig;
using Fairlead.Pods;
using Fairlead.State;
using Microsoft.Extensions.Logging;
using Plane = Fairlead.ControlPlane.ControlPlane;

namespace Fairlead.OneMachine;

/// <summary>The control plane of a one-machine cluster, with its controllers, and the kubeconfigs by which administrator, pods role and agents reach it.</summary>
internal sealed class ClusterPlane : IAsyncDisposable
{
    private readonly Plane _plane;

    private ClusterPlane(Plane plane, ClusterSpec spec)
    {
        _plane = plane;
        Admin = Entry(spec.Context, $"https://127.0.0.1:{spec.ApiPort}", plane.IssueAdministrator());
    }

    /// <summary>The API without the wire.</summary>
    public IKubeApi Api => _plane.Api;

    /// <summary>Ends when the control plane cannot go on.</summary>
    public Task Completion => _plane.Completion;

    /// <summary>The administrator's entry in a kubeconfig.</summary>
    public KubeconfigEntry Admin { get; }

    /// <summary>Starts it, and writes the kubeconfigs.</summary>
    /// <exception cref="IOException">A port is taken.</exception>
    public static async Task<ClusterPlane> StartAsync(ClusterSpec spec, ClusterPaths paths, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var host = spec.V4.Host.ToIPAddress();
        var findings = new WrittenFindings(TimeProvider.System, loggers.CreateLogger("findings"));
        var plane = await Plane.StartAsync(
            new ControlPlaneOptions
            {
                StateDirectory = paths.State,
                Listen = [new IPEndPoint(IPAddress.Loopback, spec.ApiPort), new IPEndPoint(host, spec.ApiPort)],
                Advertise = new IPEndPoint(host, spec.ApiPort),
                ServiceRanges = [.. spec.Ranges.Select(ranges => ranges.Services)],
                PodsSocket = paths.PodsSocket,
                PodWarnings = PodWarnings.For,
                ObjectWarnings = findings.For,
                DenyServiceExternalIPs = spec.DenyExternalIPs,
                Loggers = loggers,
                Controllers = started => Controllers(started, spec, loggers).Append(findings.Watching(started.Api)),
            },
            cancellationToken);
        var cluster = new ClusterPlane(plane, spec);
        try
        {
            cluster.WriteKubeconfigs(spec, paths);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _plane.DisposeAsync();

    private static IEnumerable<IController> Controllers(Plane plane, ClusterSpec spec, ILoggerFactory loggers)
    {
        var controllers = new ControllerOptions
        {
            PodNetworks = spec.Ranges.Select(ranges => ranges.Pods).ToValueArray(),
            RootCertificate = plane.AuthorityPem,
        };
        var balancer = new BalancerOptions
        {
            Pool = spec.Ranges.Select(ranges => AddressRange.Parse($"{ranges.LoadBalancers.First}-{ranges.LoadBalancers.Last}")).ToValueArray(),
        };
        return
        [
            new ControllerManager(plane.Api, controllers, TimeProvider.System, loggers),
            new AnswerRecorder(plane.Api, TimeProvider.System, loggers.CreateLogger("balancer")),
            new LoadBalancerController(plane.Api, balancer, TimeProvider.System, loggers.CreateLogger("balancer")),
        ];
    }

    private void WriteKubeconfigs(ClusterSpec spec, ClusterPaths paths)
    {
        var fabric = $"https://{new IPEndPoint(spec.V4.Host.ToIPAddress(), spec.ApiPort)}";
        Write(paths.AdminKubeconfig, Admin);
        Write(paths.Kubeconfig("pods"), Entry(spec.Context, $"https://127.0.0.1:{spec.ApiPort}", _plane.IssuePodsRole()));
        for (var number = 1; number <= spec.Nodes; number++)
        {
            var node = spec.NodeName(number);
            Write(paths.Kubeconfig(node), Entry(node, fabric, _plane.IssueNode(node)));
        }
    }

    private KubeconfigEntry Entry(string name, string server, ClientCredential credential) =>
        new(name, server, _plane.AuthorityPem, credential.CertificatePem, credential.KeyPem);

    private static void Write(string path, KubeconfigEntry entry)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        using var writer = new StreamWriter(file);
        writer.Write(entry.ToDocument());
    }
}
