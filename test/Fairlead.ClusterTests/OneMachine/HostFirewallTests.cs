namespace Fairlead.ClusterTests.OneMachine;

/// <summary>A firewall that was there before the cluster is named with the way through it, and is never touched.</summary>
public sealed class HostFirewallTests(Machine machine) : IClassFixture<Machine>
{
    [Fact]
    public void Up_names_the_chain_that_keeps_the_nodes_out_and_leaves_nothing()
    {
        machine.Run("nft", "add table inet wall; add chain inet wall inward { type filter hook input priority 0; policy drop; }; add rule inet wall inward iifname lo accept");
        var before = machine.Snapshot();

        var (code, _, error) = machine.TryRun(ClusterFixture.BuiltProgram, "up", "--detach", "--name", "walled");

        Assert.Equal(1, code);
        Assert.Matches(@"error: node walled-1 cannot connect to the API server at 172\.30\.0\.1:6443: this host drops by default what comes in \(table inet wall, chain inward\)\n", error);
        Assert.Matches(@"hint: let in what comes from the nodes: nft insert rule inet wall inward iifname fl-[0-9a-f]{8} accept\n", error);
        Assert.Equal("", Machine.Difference(before, machine.Snapshot()));
        machine.Run("nft", "delete table inet wall");
    }

    [Fact]
    public void Up_warns_of_a_host_that_forwards_nothing_and_the_way_it_names_opens_it()
    {
        machine.Run("nft", "add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }");

        var (code, _, error) = machine.TryRun(ClusterFixture.BuiltProgram, "up", "--detach", "--name", "walled");

        Assert.Equal(0, code);
        Assert.Matches(@"this host drops by default what it forwards \(table ip filter, chain FORWARD\), so pods may not reach the outside; to let them: iptables -I FORWARD -i fl-[0-9a-f]{8} -j ACCEPT; iptables -I FORWARD -o fl-[0-9a-f]{8} -j ACCEPT", error);
        machine.Run(ClusterFixture.BuiltProgram, "down", "--name", "walled");
        machine.Run("nft", "delete table ip filter");
    }
}
