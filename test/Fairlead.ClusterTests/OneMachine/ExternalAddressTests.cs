using System.Net;
using System.Net.Sockets;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>
/// A Service's externalIPs, which whoever may write Services could take from anybody (CVE-2020-8554): <c>open</c> was started with ranges for them,
/// <c>closed</c> as usual.
/// </summary>
[Collection(nameof(Neighbours))]
public sealed class ExternalAddressTests(Neighbours clusters) : IDisposable
{
    private const string Within4 = "203.0.113.7";
    private const string Within6 = "2001:db8:5::7";
    private const string Beyond4 = "203.0.113.200";
    private const string Beyond6 = "2001:db8:6::7";

    private static string[] All => [Within4, Within6, Beyond4, Beyond6];

    public void Dispose()
    {
        foreach (var address in All)
        {
            clusters.Machine.TryRun("ip", "route", "del", address);
            Tool.TryRun("nsenter", "", $"--net={clusters.Internet.Path}", "ip", "address", "del", address, "dev", "lo");
        }
    }

    [Fact]
    public async Task One_in_a_range_that_up_was_told_is_served_to_pods_and_outside_and_one_beyond_is_still_its_owners()
    {
        Serve(Neighbours.Open);
        for (var family = 0; family < 2; family++)
        {
            var (within, beyond) = family == 0 ? (Within4, Beyond4) : (Within6, Beyond6);
            Tool.RunIn(clusters.Internet, "ip", "address", "add", beyond, "dev", "lo");
            Assert.Contains("\"pod\":\"web\"", FromPod(Neighbours.Open, within).Output, StringComparison.Ordinal);

            var owner = clusters.Internet.Run(() => new TcpListener(IPAddress.Parse(beyond), 80));
            clusters.Internet.Run(owner.Start);
            var asking = Task.Run(() => FromPod(Neighbours.Open, beyond));
            using (var client = await owner.AcceptSocketAsync(Deadline.Token()))
            {
                await client.SendAsync("HTTP/1.0 200 OK\r\n\r\nits owner"u8.ToArray(), Deadline.Token());
                client.Shutdown(SocketShutdown.Send);
                Assert.Equal((0, "its owner", ""), await asking);
            }

            owner.Stop();
            Assert.Contains("\"pod\":\"web\"", FromOutside(Neighbours.Open, family, within).Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void None_is_served_unless_up_was_told_so()
    {
        Serve(Neighbours.Closed);
        var (code, output, _) = FromOutside(Neighbours.Closed, family: 0, Within4);
        Assert.NotEqual(0, code);
        Assert.Empty(output);
        Assert.Contains("external addresses are off", clusters.TryFairlead("inspect", "services", "--name", Neighbours.Closed, "-o", "wide").Output, StringComparison.Ordinal);
    }

    /// <summary>Asks from the machine, which is outside, by way of a cluster's only node.</summary>
    private (int Code, string Output, string Error) FromOutside(string cluster, int family, string address)
    {
        clusters.Machine.Run("ip", "route", "replace", address, "via", clusters.Get(cluster, "node", $"{cluster}-1", $"{{.status.addresses[{family}].address}}"));
        return clusters.Machine.TryRun("curl", "-sS", "--max-time", "3", $"http://{Neighbours.Bracketed(address)}/");
    }

    private (int Code, string Output, string Error) FromPod(string cluster, string address) =>
        clusters.InPod(cluster, "asker", "curl", "-sS", "--max-time", "10", $"http://{Neighbours.Bracketed(address)}/");

    /// <summary>Makes the Service and waits until the node has it: all of its addresses at once.</summary>
    private void Serve(string cluster)
    {
        var (code, output, error) = clusters.TryKubectl(cluster, $$"""
            apiVersion: v1
            kind: Service
            metadata: {name: external}
            spec:
              ipFamilyPolicy: PreferDualStack
              selector: {app: web}
              ports: [{port: 80, targetPort: 8080}]
              externalIPs: [{{string.Join(", ", All.Select(address => $"\"{address}\""))}}]
            """, "apply", "-f", "-");
        Assert.True(code == 0, $"{error}{output}");
        Assert.Equal("web", (string?)clusters.Ask(cluster, clusters.Get(cluster, "service", "external", "{.spec.clusterIP}"))["pod"]);
    }
}
