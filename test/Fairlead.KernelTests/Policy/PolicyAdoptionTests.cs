using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Kernel;
using Fairlead.Policy.Compile;
using Fairlead.Policy.Nftables;
using Fairlead.State;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Policy;

public sealed class PolicyAdoptionTests
{
    [Fact]
    public async Task What_was_committed_reads_back_as_what_is_wanted_so_that_a_restart_changes_nothing()
    {
        using var netns = new TestNetns();
        using var nft = netns.Run(KernelNft.Open);
        var plan = Plan();
        await new NftPolicyCommitter(nft).CommitAsync(plan, Deadline.Token());
        var read = TableContent.Of((await nft.ReadAsync("fairlead-policy", Deadline.Token()))!);
        var change = TableContent.Change(PolicyTable.Table, read, new PlanRenderer().Render(plan));
        Assert.Empty(change.Operations.Select(operation => operation.ToString()));
        await new NftPolicyCommitter(nft).CommitAsync(PolicyPlan.Closed(null), Deadline.Token());
        Assert.Equal(
            PolicyTable.Chains.Select(chain => chain.Name).Order(StringComparer.Ordinal),
            (await nft.ReadAsync("fairlead-policy", Deadline.Token()))!.Chains.Keys);
    }

    private static PolicyPlan Plan()
    {
        var group = new GroupKey("a", null, IpProtocol.Any, "", false);
        var named = new GroupKey("a", null, IpProtocol.Tcp, "web", true);
        var pod = new ObjectKey("a", "p");
        var blocks = AddressRange.Union([new IpBlock(IpNet.Parse("0.0.0.0/0"), [IpNet.Parse("10.0.0.0/8")]), new IpBlock(IpNet.Parse("fd00::/8"), default)]);
        var ports = new PortRange[] { new(IpProtocol.Tcp, 80, 90), new(IpProtocol.Udp, 0, ushort.MaxValue) };
        var own = new PolicyProgram(true, [new Clause(group, default, ports.ToValueArray()), new Clause(null, blocks.ToValueArray(), default)]);
        var ingress = new PolicyProgram(
            true, [new Clause(group, default, default, PolicyAction.Pass), new Clause(null, default, ports.ToValueArray(), PolicyAction.Deny)], Isolates: false, own);
        var egress = new PolicyProgram(false, [new Clause(named, default, default), new Clause(null, default, [new PortRange(IpProtocol.Udp, 53, 53)])]);
        var verdicts = new PodVerdicts(pod, [IpAddr.Parse("10.244.1.2"), IpAddr.Parse("fd00:10:244:1::2")], ingress, egress);
        return new PolicyPlan(
            [IpNet.Parse("10.244.1.0/24"), IpNet.Parse("fd00:10:244:1::/64")],
            default,
            new LocalVerdicts(ImmutableSortedDictionary<ObjectKey, PodVerdicts>.Empty.Add(pod, verdicts)),
            new[] { Group(group, new GroupMember(IpAddr.Parse("10.244.2.2"), IpProtocol.Any, 0)), Group(named, new GroupMember(IpAddr.Parse("fd00::9"), IpProtocol.Tcp, 80)) }
                .ToImmutableDictionary(item => item.Key));
    }

    private static PeerGroup Group(GroupKey key, GroupMember member) =>
        new(key, ImmutableDictionary<ObjectKey, ValueArray<GroupMember>>.Empty.Add(new ObjectKey("b", "q"), [member]));
}
