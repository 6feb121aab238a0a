using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Linux.Addresses;
using Fairlead.OneMachine;
using Fairlead.Terminal;

namespace Fairlead.Tests.OneMachine;

public sealed class SpecsTests
{
    private static readonly ClusterSpec Usual = Specs.Create(new UpRequest { Name = "fairlead", Families = IpFamilyMode.Dual }, [], 6443);

    [Fact]
    public void The_usual_machine_gets_the_usual_addresses()
    {
        Assert.Equal("172.30.0.0/16 10.244.0.0/16 10.96.0.0/12", Text(Usual.V4));
        Assert.Equal("fd00:172:30::/64 fd00:10:244::/56 fd00:10:96::/112", Text(Usual.V6!));
        Assert.Equal("172.30.0.1 172.30.0.11 10.96.0.1 10.96.0.10 172.30.255.1-172.30.255.254", string.Join(
            ' ', Usual.V4.Host, Usual.V4.Node(1), Usual.V4.ApiService, Usual.V4.DnsService, $"{Usual.V4.LoadBalancers.First}-{Usual.V4.LoadBalancers.Last}"));
    }

    [Theory]
    [InlineData("172.30.5.0/24", "172.29.0.0/16 10.244.0.0/16 10.96.0.0/12")]
    [InlineData("10.244.255.1/32", "172.30.0.0/16 10.245.0.0/16 10.96.0.0/12")]
    [InlineData("10.96.0.0/11", "172.30.0.0/16 10.244.0.0/16 10.128.0.0/12")]
    [InlineData("172.16.0.0/12", "10.192.0.0/16 10.244.0.0/16 10.96.0.0/12")]
    public void Another_free_range_is_chosen_when_one_collides(string used, string chosen) =>
        Assert.Equal(chosen, Text(Specs.Create(new UpRequest { Name = "fairlead" }, [IpNet.Parse(used)], 6443).V4));

    [Fact]
    public void No_free_range_is_an_error_that_names_what_is_used()
    {
        var error = Assert.Throws<UserError>(() => Specs.Create(new UpRequest { Name = "fairlead" }, [IpNet.Parse("10.0.0.0/8")], 6443));

        Assert.Contains("10.0.0.0/8", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("172.30.9.0/24", "172.30.0.0/16 for its nodes")]
    [InlineData("10.0.0.0/8", "10.244.0.0/16 for its pods")]
    [InlineData("10.111.0.0/16", "10.96.0.0/12 for its Services")]
    [InlineData("fd00:10:244:1::/64", "fd00:10:244::/56 for its pods")]
    public void A_range_that_others_have_taken_is_named(string others, string said)
    {
        var error = Assert.Throws<UserError>(() => Specs.RefuseCollision(Usual, [IpNet.Parse("192.168.0.0/16"), IpNet.Parse(others)]));

        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.Contains(others, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("192.168", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ranges_of_external_addresses_are_kept_and_another_wish_is_named_while_it_runs()
    {
        var request = new UpRequest { Name = "fairlead", ExternalIPRanges = [IpNet.Parse("192.0.2.0/24")] };
        var spec = JsonSerializer.Deserialize(
            JsonSerializer.Serialize(Specs.Create(request, [], 6443), FairleadJson.Default.ClusterSpec), FairleadJson.Default.ClusterSpec)!;
        Specs.RefuseDifferenceOfRunning(spec, request);
        Assert.Equal([IpNet.Parse("192.0.2.0/24")], spec.ExternalIPRanges);
        Assert.Empty(Usual.ExternalIPRanges);
        var error = Assert.Throws<UserError>(() => Specs.RefuseDifferenceOfRunning(Usual, request with { Families = null }));
        Assert.Equal("cluster fairlead was started without --external-ip-range, not with --external-ip-range 192.0.2.0/24", error.Message);

        // As a specification of before.
        var old = JsonNode.Parse(JsonSerializer.Serialize(Usual, FairleadJson.Default.ClusterSpec))!.AsObject();
        old.Where(pair => pair.Key.Contains("external", StringComparison.OrdinalIgnoreCase)).ToList().ForEach(pair => old.Remove(pair.Key));
        Assert.Empty(old.Deserialize(FairleadJson.Default.ClusterSpec)!.ExternalIPRanges);
    }

    [Fact]
    public void Whether_external_addresses_are_denied_is_kept_and_another_wish_is_named_while_it_runs()
    {
        var request = new UpRequest { Name = "fairlead", DenyExternalIPs = true };
        var spec = JsonSerializer.Deserialize(
            JsonSerializer.Serialize(Specs.Create(request, [], 6443), FairleadJson.Default.ClusterSpec), FairleadJson.Default.ClusterSpec)!;
        Assert.True(spec.DenyExternalIPs);
        Assert.False(Usual.DenyExternalIPs);
        Specs.RefuseDifferenceOfRunning(spec, request);
        Specs.RefuseDifferenceOfRunning(spec, request with { DenyExternalIPs = null });
        var error = Assert.Throws<UserError>(() => Specs.RefuseDifferenceOfRunning(spec, request with { DenyExternalIPs = false }));
        Assert.Equal("cluster fairlead was started with --deny-external-ips, not without --deny-external-ips", error.Message);

        // As a specification of before.
        var old = JsonNode.Parse(JsonSerializer.Serialize(spec, FairleadJson.Default.ClusterSpec))!.AsObject();
        old.Where(pair => pair.Key.Contains("deny", StringComparison.OrdinalIgnoreCase)).ToList().ForEach(pair => old.Remove(pair.Key));
        Assert.False(old.Deserialize(FairleadJson.Default.ClusterSpec)!.DenyExternalIPs);
    }

    [Fact]
    public void Ingresses_are_served_unless_told_otherwise_and_another_wish_is_named_while_it_runs()
    {
        var without = Specs.Create(new UpRequest { Name = "fairlead", Ingress = false }, [], 6443);
        Assert.True(JsonSerializer.Deserialize(JsonSerializer.Serialize(without, FairleadJson.Default.ClusterSpec), FairleadJson.Default.ClusterSpec)!.WithoutIngress);
        Assert.False(Usual.WithoutIngress);
        Specs.RefuseDifferenceOfRunning(without, new UpRequest { Name = "fairlead" });
        Specs.RefuseDifferenceOfRunning(without, new UpRequest { Name = "fairlead", Ingress = false });
        var error = Assert.Throws<UserError>(() => Specs.RefuseDifferenceOfRunning(without, new UpRequest { Name = "fairlead", Ingress = true }));
        Assert.Equal("cluster fairlead was started with --no-ingress, not with Ingresses served", error.Message);
    }

    [Fact]
    public void The_API_server_keeps_its_port_unless_somebody_listens_there()
    {
        Assert.Equal(6443, ApiPorts.Choose(0, new HashSet<int>()));
        Assert.Equal(6450, ApiPorts.Choose(6450, new HashSet<int> { 6443 }));
        Assert.Equal(6444, ApiPorts.Choose(6450, new HashSet<int> { 6443, 6450 }));
        Assert.Null(ApiPorts.Choose(0, Enumerable.Range(6443, 100).ToHashSet()));
    }

    private static string Text(FamilyRanges ranges) => $"{ranges.Fabric} {ranges.Pods} {ranges.Services}";
}
