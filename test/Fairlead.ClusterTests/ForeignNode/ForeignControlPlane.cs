using System.Net;
using Fairlead.Cluster.Controllers;
using Fairlead.ControlPlane;
using Fairlead.ControlPlane.Controllers;
using Fairlead.ControlPlane.Pki;
using Fairlead.Kube.Kubeconfig;
using Fairlead.Linux.Addresses;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.ClusterTests.ForeignNode;

/// <summary>
/// A control plane in a process of its own, so that it stands in the network namespace the process was started in. It knows of no node, and hands out
/// neither pod ranges nor the addresses that a one-machine cluster would have.
/// </summary>
internal static class ForeignControlPlane
{
    public static readonly string[] ServiceRanges = ["10.112.0.0/16", "fd00:112::/112"];

    /// <summary>Serves at an address until standard input ends, which it also does when the test dies.</summary>
    public static async Task<int> RunAsync(string directory, string address, string[] nodes)
    {
        var listen = IPEndPoint.Parse(address);
        await using var plane = await ControlPlane.ControlPlane.StartAsync(
            new ControlPlaneOptions
            {
                StateDirectory = Path.Combine(directory, "state"),
                Listen = [listen],
                Advertise = listen,
                ServiceRanges = [.. ServiceRanges.Select(IpNet.Parse)],
                Controllers = plane => (IController[])[new ControllerManager(
                    plane.Api, new ControllerOptions { PodNetworks = [], RootCertificate = plane.AuthorityPem }, TimeProvider.System, NullLoggerFactory.Instance)],
            },
            default);
        Write("admin", plane.IssueAdministrator());
        Array.ForEach(nodes, node => Write(node, plane.IssueNode(node)));
        Console.WriteLine("ready");
        await Console.In.ReadToEndAsync();
        return 0;

        void Write(string name, ClientCredential credential) => File.WriteAllText(
            Path.Combine(directory, $"{name}.kubeconfig"),
            new KubeconfigEntry(name, $"https://{listen}", plane.AuthorityPem, credential.CertificatePem, credential.KeyPem).ToDocument());
    }
}
