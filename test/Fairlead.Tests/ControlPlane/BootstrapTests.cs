using System.Net;
using Fairlead.ControlPlane;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.ControlPlane;

/// <summary>What a cluster has from its first moment, and after a restart (features.md §1.1, rows 11 and 20).</summary>
public sealed class BootstrapTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-bootstrap-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Service_kubernetes_has_the_first_address_and_its_endpoints_follow_the_server()
    {
        string address;
        await using (var plane = await StartAsync("172.30.0.1:6443"))
        {
            var service = await plane.Api.GetAsync(ResourceTypes.Services, "default", "kubernetes", default);
            Assert.Equal(("10.96.0.1", "ClusterIP", 443), (service.Text("spec", "clusterIP"), service.Text("spec", "type"), service["spec"]!["ports"]![0].Number(0, "port")));
            Assert.Equal("172.30.0.1:6443 172.30.0.1:6443", await EndpointsAsync(plane.Api));
            var range = await plane.Api.GetAsync(ResourceTypes.ServiceCidrs, "", "kubernetes", default);
            Assert.Equal(["10.96.0.0/12", "fd00:10:96::/112"], range.Texts("spec", "cidrs"));
            Assert.Equal(["networking.k8s.io/service-cidr-finalizer"], range.Texts("metadata", "finalizers"));
            Assert.Equal("Ready True", range.Objects("status", "conditions").Select(item => $"{item.Text("type")} {item.Text("status")}").Single());
            var made = await plane.Api.CreateAsync(ResourceTypes.Services, "default", Service("web", ""), default);
            address = made.Text("spec", "clusterIP");
            Assert.True(IpNet.Parse("10.96.0.0/12").Contains(IpAddr.Parse(address)));
        }

        await using (var plane = await StartAsync("172.31.0.1:7443"))
        {
            Assert.Equal("172.31.0.1:7443 172.31.0.1:7443", await EndpointsAsync(plane.Api));
            var taken = await Assert.ThrowsAsync<KubeException>(() => plane.Api.CreateAsync(ResourceTypes.Services, "default", Service("thief", address), default));
            Assert.Contains("provided IP is already allocated", taken.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_configuration_of_DNS_is_there_is_understood_and_stays_what_its_owner_makes_of_it()
    {
        await using (var plane = await StartAsync("172.30.0.1:6443"))
        {
            var made = await plane.Api.GetAsync(ResourceTypes.ConfigMaps, "kube-system", "coredns", default);
            var reading = Fairlead.Dns.Config.Corefile.Read(made.Text("data", "Corefile"));
            Assert.Empty(reading.Errors);
            Assert.Empty(reading.Warnings);
            Assert.Equal("cluster.local", Assert.Single(reading.Config!.Blocks).Kubernetes!.Zones[0]);
            made["data"]!["Corefile"] = ".:53 {\n}\n";
            await plane.Api.UpdateAsync(ResourceTypes.ConfigMaps, "kube-system", "coredns", "", made, default);
        }

        await using (var plane = await StartAsync("172.30.0.1:6443"))
        {
            Assert.Equal(".:53 {\n}\n", (await plane.Api.GetAsync(ResourceTypes.ConfigMaps, "kube-system", "coredns", default)).Text("data", "Corefile"));
        }
    }

    private static async Task<string> EndpointsAsync(IKubeApi api)
    {
        var endpoints = await api.GetAsync(ResourceTypes.Endpoints, "default", "kubernetes", default);
        var slice = await api.GetAsync(ResourceTypes.EndpointSlices, "default", "kubernetes", default);
        Assert.Equal("kubernetes", slice.Text("metadata", "labels", "kubernetes.io/service-name"));
        return $"{endpoints["subsets"]![0]!["addresses"]![0].Text("ip")}:{endpoints["subsets"]![0]!["ports"]![0].Number(0, "port")} "
            + $"{slice["endpoints"]![0].Texts("addresses")[0]}:{slice["ports"]![0].Number(0, "port")}";
    }

    private static System.Text.Json.Nodes.JsonObject Service(string name, string address) => RegistryHarness.Document(
        $$"""{"metadata":{"name":"{{name}}"},"spec":{"clusterIP":"{{address}}","ports":[{"port":80}]} }""");

    private Task<Fairlead.ControlPlane.ControlPlane> StartAsync(string advertise) => Fairlead.ControlPlane.ControlPlane.StartAsync(
        new ControlPlaneOptions
        {
            StateDirectory = _directory,
            Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
            Advertise = IPEndPoint.Parse(advertise),
            ServiceRanges = [IpNet.Parse("10.96.0.0/12"), IpNet.Parse("fd00:10:96::/112")],
        },
        default);
}
