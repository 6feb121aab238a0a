using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Text;
using Fairlead.OneMachine;

namespace Fairlead.Tests.OneMachine;

public sealed class HostTableTests
{
    private const string Link = "fl-0a0b0c0d";

    private const string Guard = """
            chain forward {
                type filter hook forward priority filter; policy accept;
                oifname "fl-0a0b0c0d" iifname != "fl-0a0b0c0d" ct state invalid,new counter packets 0 bytes 0 drop comment "not from this machine"
            }
        """;

    private static readonly FamilyRanges V4 = new()
    {
        Fabric = IpNet.Parse("172.30.0.0/16"),
        Pods = IpNet.Parse("10.244.0.0/16"),
        Services = IpNet.Parse("10.96.0.0/12"),
    };

    private static readonly FamilyRanges V6 = new()
    {
        Fabric = IpNet.Parse("fd00:172:30::/64"),
        Pods = IpNet.Parse("fd00:10:244::/56"),
        Services = IpNet.Parse("fd00:10:96::/112"),
    };

    [Fact]
    public async Task What_leaves_by_another_link_has_the_hosts_address_and_nobody_elses_packets_enter() => Assert.Equal(
        Table("fairlead-host", Guard, """
                chain sources {
                    type nat hook postrouting priority srcnat; policy accept;
                    oifname != "fl-0a0b0c0d" ip saddr 10.244.0.0/16 masquerade fully-random
                    oifname != "fl-0a0b0c0d" ip saddr 172.30.0.0/16 masquerade fully-random
                }
            """),
        await RenderAsync(Spec("fairlead", null, egress: true)));

    [Fact]
    public async Task Both_families_are_masqueraded_in_a_dual_cluster_and_its_table_has_its_name() => Assert.Equal(
        Table("fairlead-host-other", Guard, """
                chain sources {
                    type nat hook postrouting priority srcnat; policy accept;
                    oifname != "fl-0a0b0c0d" ip saddr 10.244.0.0/16 masquerade fully-random
                    oifname != "fl-0a0b0c0d" ip saddr 172.30.0.0/16 masquerade fully-random
                    oifname != "fl-0a0b0c0d" ip6 saddr fd00:10:244::/56 masquerade fully-random
                    oifname != "fl-0a0b0c0d" ip6 saddr fd00:172:30::/64 masquerade fully-random
                }
            """),
        await RenderAsync(Spec("other", V6, egress: true)));

    [Fact]
    public async Task Without_egress_nothing_leaves_though_the_host_may_forward_for_others() => Assert.Equal(
        Table("fairlead-host", """
                chain forward {
                    type filter hook forward priority filter; policy accept;
                    iifname "fl-0a0b0c0d" counter packets 0 bytes 0 drop comment "no egress"
                    oifname "fl-0a0b0c0d" iifname != "fl-0a0b0c0d" ct state invalid,new counter packets 0 bytes 0 drop comment "not from this machine"
                }
            """),
        await RenderAsync(Spec("fairlead", V6, egress: false)));

    [Fact]
    public async Task Doing_it_twice_is_doing_it_once_and_removing_it_leaves_nothing()
    {
        var (nft, spec) = (new MemoryNft(), Spec("fairlead", null, egress: true));
        await nft.CommitAsync(HostTable.Remove(spec), default);
        await nft.CommitAsync(HostTable.Replace(spec, Link), default);
        var once = RulesetText.Render(nft.Tables["fairlead-host"]);

        await nft.CommitAsync(HostTable.Replace(spec, Link), default);
        Assert.Equal(once, RulesetText.Render(nft.Tables["fairlead-host"]));

        await nft.CommitAsync(HostTable.Remove(spec), default);
        Assert.Empty(nft.Tables);
    }

    private static ClusterSpec Spec(string name, FamilyRanges? v6, bool egress) => new()
    {
        Name = name,
        Nodes = 2,
        Families = v6 is null ? IpFamilyMode.Ipv4 : IpFamilyMode.Dual,
        V4 = V4,
        V6 = v6,
        ApiPort = 6443,
        Egress = egress,
    };

    private static async Task<string> RenderAsync(ClusterSpec spec)
    {
        var nft = new MemoryNft();
        await nft.CommitAsync(HostTable.Replace(spec, Link), default);
        return Plain(RulesetText.Render(Assert.Single(nft.Tables).Value));
    }

    private static string Table(string name, params string[] chains) => Plain($"table inet {name} {{\n{string.Join("\n\n", chains)}\n}}\n");

    /// <summary>Without the indentation and the empty lines, which are the text backend's own business.</summary>
    private static string Plain(string text) => string.Join('\n', text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));
}
