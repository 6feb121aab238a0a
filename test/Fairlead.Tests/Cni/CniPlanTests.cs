using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Cni;
using Fairlead.Cni.Datapath;
using Fairlead.Cni.Ipam;
using Fairlead.Cni.Plugin;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Text;
using Fairlead.Nftables.Transactions;
using Fairlead.Proxy;
using Fairlead.Proxy.Nftables;
using Fairlead.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Cni;

public sealed class CniPlanTests
{
    [Fact]
    public void Other_nodes_pods_are_reached_by_their_address_of_the_same_family_and_ones_own_range_ends_here()
    {
        var routes = NodeRoutes.Compile(
            [
                Node("n1", "172.30.0.11 fd00:30::11", "10.244.0.0/24 fd00:244::/64"),
                Node("n2", "172.30.0.12 fd00:30::12", "10.244.1.0/24 fd00:244:1::/64"),
                Node("n3", "172.30.0.13", "10.244.2.0/24 fd00:244:2::/64"),
                Node("n4", "", "10.244.3.0/24"),
            ],
            "n1");
        Assert.Equal(
            [
                "Unreachable 10.244.0.0/24",
                "10.244.1.0/24 via 172.30.0.12",
                "10.244.2.0/24 via 172.30.0.13",
                "Unreachable fd00:244::/64",
                "fd00:244:1::/64 via fd00:30::12",
            ],
            routes.OrderBy(route => route.Destination).Select(route => route.ToString()));
        Assert.All(routes, route => Assert.Equal(PodLink.RouteProtocol, route.Protocol));
    }

    [Fact]
    public void What_is_inside_the_cluster_is_not_masqueraded_and_ranges_do_not_overlap()
    {
        var nodes = new[] { Node("n1", "172.30.0.11", "10.244.0.0/24"), Node("n2", "10.244.1.7", "10.244.1.0/24") };
        var plan = MasqueradePlan.Compile(true, nodes[0].PodCIDRs, nodes);
        Assert.Equal(["10.244.0.0/24"], plan.OwnPods.Select(net => net.ToString()));
        Assert.Equal(["10.244.0.0/24", "10.244.1.0/24", "172.30.0.11/32"], plan.Inside.Select(net => net.ToString()));
        Assert.Equal(MasqueradePlan.None, MasqueradePlan.Compile(false, nodes[0].PodCIDRs, nodes));
        Assert.Equal(MasqueradePlan.None, MasqueradePlan.Compile(true, default, nodes));
    }

    [Fact]
    public async Task Adding_and_removing_a_pod_leaves_the_table_as_it_was()
    {
        var nft = new MemoryNft();
        await nft.CommitAsync(PodTable.Replace([Pod("a", 80)], MasqueradePlan.None), default);
        var before = nft.Tables["fairlead-pods"];
        await nft.CommitAsync(PodTable.Add(Pod("b", 81)), default);
        Assert.False(PodTable.AreSame(before, nft.Tables["fairlead-pods"]));
        await nft.CommitAsync(PodTable.Remove(Pod("b", 81)), default);
        Assert.True(PodTable.AreSame(before, nft.Tables["fairlead-pods"]));
    }

    [Fact]
    public async Task Host_ports_come_after_the_Services_and_not_for_their_addresses()
    {
        var nft = new MemoryNft();
        await nft.CommitAsync(PodTable.Replace([Pod("a", 80)], MasqueradePlan.None, [IpNet.Parse("10.96.0.0/12")]), default);
        var pods = nft.Tables["fairlead-pods"];
        var proxy = new Transaction(ProxySchema.Table);
        ProxyChains.AddSkeleton(proxy, new ProxySchema(new ProxyOptions { NodeName = "n1" }));
        var services = proxy.Operations.Select(operation => operation.Object).OfType<Chain>().Select(chain => chain.Base)
            .Where(chain => chain is { Type: ChainType.Nat, Hook: Hook.Prerouting or Hook.Output }).ToList();
        Assert.Equal(2, services.Count);
        foreach (var service in services)
        {
            var ours = pods.Chains.Values.Single(one => one.Chain.Base is { Type: ChainType.Nat } there && there.Hook == service!.Hook);
            Assert.True(ours.Chain.Base!.Priority > service!.Priority);
        }

        Assert.Contains("ip daddr 10.96.0.0/12 return", RulesetText.Render(pods), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_of_an_earlier_run_is_adopted_without_a_commit_and_a_damaged_one_replaced()
    {
        var nft = new MemoryNft();
        var pods = new[] { Pod("a", 80), Pod("b", 81) };
        await new PodTableCommitter(nft).AdoptAsync(pods, default);
        Assert.Equal(1, nft.Commits);
        await nft.CommitAsync(PodTable.Masquerade(new MasqueradePlan([IpNet.Parse("10.244.0.0/24")], [IpNet.Parse("10.244.0.0/16")])), default);
        await new PodTableCommitter(nft).AdoptAsync(pods, default);
        Assert.Equal(2, nft.Commits);
        await nft.CommitAsync(PodTable.Remove(pods[0]), default);
        await new PodTableCommitter(nft).AdoptAsync(pods, default);
        Assert.Equal(4, nft.Commits);
    }

    [Fact]
    public async Task A_deletion_gets_on_when_somebody_has_removed_its_elements()
    {
        var nft = new MemoryNft();
        var table = new PodTableCommitter(nft);
        await table.AdoptAsync([Pod("a", 80), Pod("b", 81)], default);
        await nft.CommitAsync(PodTable.Remove(Pod("a", 80)), default);
        await table.RemoveAsync(Pod("a", 80), [Pod("b", 81)]);
        var expected = new MemoryNft();
        await expected.CommitAsync(PodTable.Replace([Pod("b", 81)], MasqueradePlan.None), default);
        Assert.True(PodTable.AreSame(expected.Tables["fairlead-pods"], nft.Tables["fairlead-pods"]));
    }

    [Theory]
    [InlineData("flp0123456789ab", true)]
    [InlineData("flp0123456789a", false)]
    [InlineData("flp0123456789aG", false)]
    [InlineData("flannel.1", false)]
    [InlineData("fl-01234567", false)]
    public void Only_links_of_ours_are_taken_for_ours(string name, bool ours) => Assert.Equal(ours, Attachment.IsHostInterface(name));

    [Fact]
    public void Names_and_addresses_of_links_differ_between_pods_and_never_change()
    {
        var (a, b) = (Pod("a", 80), Pod("b", 80));
        Assert.True(Attachment.IsHostInterface(a.Row.HostInterface));
        Assert.Equal(4, new[] { a.HostMac, a.PodMac, b.HostMac, b.PodMac }.Distinct().Count());
        Assert.Equal("flpcd347f30cbc5", a.Row.HostInterface);
        Assert.Equal(2ul, (a.HostMac.Value >> 40) & 3);
    }

    [Fact]
    public void An_attachment_is_read_as_it_was_written()
    {
        var pod = Pod("a", 80);
        Assert.Equal(pod, Attachment.FromJson(pod.ToJson()));
    }

    [Theory]
    [InlineData("""{"hostPort":80,"containerPort":8080,"protocol":"tcp"}""", "*:80/TCP")]
    [InlineData("""{"hostPort":80,"containerPort":8080,"protocol":"udp","hostIP":"0.0.0.0"}""", "*:80/UDP")]
    [InlineData("""{"hostPort":80,"containerPort":8080,"hostIP":"10.0.0.1"}""", "10.0.0.1:80/TCP")]
    [InlineData("""{"hostPort":0,"containerPort":8080}""", "")]
    public void Port_mappings_are_read(string json, string expected) =>
        Assert.Equal(expected, PortMapping.Read((JsonObject)JsonNode.Parse(json)!)?.ToString() ?? "");

    [Theory]
    [InlineData("""{"hostPort":70000,"containerPort":8080}""")]
    [InlineData("""{"hostPort":"x","containerPort":8080}""")]
    [InlineData("""{"hostPort":80,"containerPort":8080,"protocol":"icmp"}""")]
    [InlineData("""{"hostPort":80,"containerPort":8080,"hostIP":"1.2.3"}""")]
    public void Wrong_port_mappings_are_refused(string json) =>
        Assert.Equal(CniErrorCode.InvalidConfiguration, Assert.Throws<CniException>(() => PortMapping.Read((JsonObject)JsonNode.Parse(json)!)).Code);

    [Fact]
    public void Plugin_and_configuration_are_installed_and_removed()
    {
        var directory = Directory.CreateTempSubdirectory("fl-install").FullName;
        using var netns = NetNamespace.Current();
        var options = new CniOptions
        {
            NodeName = "n1",
            Namespace = netns,
            StateDirectory = directory,
            SocketPath = "/run/x.sock",
            BinDirectory = $"{directory}/bin",
            ConfDirectory = $"{directory}/net.d",
            ProgramPath = "/bin/true",
        };
        CniInstaller.Install(options, NullLogger.Instance);
        CniInstaller.Install(options, NullLogger.Instance);
        var list = JsonNode.Parse(File.ReadAllText($"{directory}/net.d/05-fairlead.conflist"))!;
        Assert.Equal("fairlead-cni", list["plugins"]![0]!["type"]!.GetValue<string>());
        Assert.Equal("/run/x.sock", list["plugins"]![0]!["socket"]!.GetValue<string>());
        Assert.True(list["plugins"]![0]!["capabilities"]!["portMappings"]!.GetValue<bool>());
        Assert.Contains(list["cniVersions"]!.AsArray(), version => version!.GetValue<string>() == "1.1.0");
        Assert.Equal(File.ReadAllBytes("/bin/true"), File.ReadAllBytes($"{directory}/bin/fairlead-cni"));
        Assert.Single(Directory.GetFiles($"{directory}/net.d"));
        CniInstaller.Remove(options);
        Assert.Empty(Directory.GetFiles($"{directory}/net.d"));
        Assert.Empty(Directory.GetFiles($"{directory}/bin"));
        Directory.Delete(directory, recursive: true);
    }

    private static NodeRow Node(string name, string addresses, string ranges) => new()
    {
        Name = name,
        InternalIPs = addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IpAddr.Parse).ToValueArray(),
        PodCIDRs = ranges.Split(' ').Select(IpNet.Parse).ToValueArray(),
    };

    private static Attachment Pod(string name, ushort port)
    {
        var row = new AttachmentRow
        {
            ContainerId = name,
            IfName = "eth0",
            Pod = new ObjectKey("default", name),
            PodUid = "u",
            NetnsPath = $"/run/netns/{name}",
            HostInterface = Attachment.HostInterfaceOf($"{name}/eth0"),
            IPs = [IpAddr.FromValue(IpFamily.V4, 0x0AF40000u + port), IpAddr.FromValue(IpFamily.V6, ((UInt128)0xFD00 << 112) + port)],
        };
        return new Attachment(row, [new PortMapping(default, IpProtocol.Tcp, port, 8080), new PortMapping(IpAddr.Parse("127.0.0.1"), IpProtocol.Udp, port, 53)]);
    }
}
