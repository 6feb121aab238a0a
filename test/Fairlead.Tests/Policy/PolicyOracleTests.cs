using CsCheck;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Text;
using Fairlead.Nftables.Tracing;
using Fairlead.Policy.Compile;
using Fairlead.Policy.Evaluate;
using Fairlead.Policy.Nftables;

namespace Fairlead.Tests.Policy;

public sealed class PolicyOracleTests
{
    [Fact]
    public void What_the_rules_do_to_a_packet_is_what_the_policies_say() => PolicyGen.Case.Sample(
        generated =>
        {
            var (plan, nft) = Commit(new MemoryNft(), new PolicyCompiler("n1"), generated);
            return generated.Probes.All(probe => Agree(generated, plan, nft, probe));
        },
        iter: 2000);

    [Fact]
    public void A_connection_that_is_refused_does_not_come_back_in_the_middle_from_either_side() => PolicyGen.Case.Sample(
        generated =>
        {
            var (plan, nft) = Commit(new MemoryNft(), new PolicyCompiler("n1"), generated);
            var refused = generated.Probes.Where(probe => probe.Protocol == IpProtocol.Tcp && plan.Refuses(probe.From, probe.To, probe.Protocol, probe.Port));
            foreach (var probe in refused.Where(probe => !PolicyTrace.Own.Contains(probe.To)))
            {
                var answer = new Probe(probe.To, probe.From, probe.Protocol, 40000);
                Assert.Equal(TraceVerdict.Dropped, PolicyTrace.Of(nft, probe, flags: 0x10).Verdict);
                Assert.Equal(TraceVerdict.Dropped, PolicyTrace.Of(nft, answer, flags: 0x10).Verdict);
            }
        },
        iter: 600);

    [Fact]
    public void Changes_one_after_the_other_lead_to_the_table_that_compiling_anew_gives() => Gen.Select(PolicyGen.Case, PolicyGen.Case).Sample(
        (first, second) =>
        {
            var (committer, nft, compiler) = (default(NftPolicyCommitter), new MemoryNft(), new PolicyCompiler("n1"));
            committer = new NftPolicyCommitter(nft);
            foreach (var world in new[] { first, second, first })
            {
                Wait(committer.CommitAsync(compiler.Compile(world.World, world.Attachments, null), CancellationToken.None));
            }

            var fresh = Commit(new MemoryNft(), new PolicyCompiler("n1"), first).Nft;
            Assert.Equal(Text(fresh), Text(nft));
        },
        iter: 150);

    [Fact]
    public void Changed_pods_alone_update_the_groups_as_a_full_build_would() => Gen.Select(PolicyGen.Case, Gen.Int[0, 7]).Sample(
        (generated, index) =>
        {
            var compiler = new PolicyCompiler("n1");
            compiler.Compile(generated.World, generated.Attachments, null);
            var keys = generated.World.Pods.Keys.Order().ToList();
            var key = keys[index % keys.Count];
            var changed = generated.World with { Pods = generated.World.Pods.SetItem(key, generated.World.Pods[key] with { Labels = Labels("x", "2"), Finished = index == 3 }) };
            var (whole, partial) = (new MemoryNft(), new MemoryNft());
            Wait(new NftPolicyCommitter(partial).CommitAsync(compiler.Compile(changed, generated.Attachments, [key]), CancellationToken.None));
            Wait(new NftPolicyCommitter(whole).CommitAsync(new PolicyCompiler("n1").Compile(changed, generated.Attachments, null), CancellationToken.None));
            Assert.Equal(Text(whole), Text(partial));
        },
        iter: 150);

    [Fact]
    public void A_changed_namespace_alone_updates_what_it_concerns_as_a_full_build_would() => Gen.Select(PolicyGen.Case, Gen.Int[0, 2]).Sample(
        (generated, index) =>
        {
            var compiler = new PolicyCompiler("n1");
            compiler.Compile(generated.World, generated.Attachments, null);
            var name = generated.World.Namespaces.Keys.Order(StringComparer.Ordinal).ElementAt(index);
            var row = generated.World.Namespaces[name] with { Labels = Labels("x", "2") };
            var changed = generated.World with { Namespaces = generated.World.Namespaces.SetItem(name, row) };
            var (whole, partial) = (new MemoryNft(), new MemoryNft());
            Wait(new NftPolicyCommitter(partial).CommitAsync(compiler.Compile(changed, generated.Attachments, []), CancellationToken.None));
            Wait(new NftPolicyCommitter(whole).CommitAsync(new PolicyCompiler("n1").Compile(changed, generated.Attachments, null), CancellationToken.None));
            Assert.Equal(Text(whole), Text(partial));
        },
        iter: 150);

    private static Labels Labels(string key, string value) => Fairlead.Kube.Selectors.Labels.From([new(key, value)]);

    private static bool Agree(PolicyCase generated, PolicyPlan plan, MemoryNft nft, Probe probe)
    {
        var fromHere = IsLocal(probe.From);
        if (!fromHere && !IsLocal(probe.To))
        {
            return true;
        }

        // Addresses of finished pods stand here for any address of the range that nobody has. What the node itself sends passes anyhow.
        var ownNode = generated.World.Nodes["n1"].InternalIPs.Contains(probe.From);
        var nobody = !ownNode && (IsNobody(generated, probe.From) || IsNobody(generated, probe.To));
        var verdict = PolicyEvaluator.Evaluate(generated.World, probe.From, probe.To, probe.Protocol, probe.Port);
        var allowed = !nobody && (!fromHere || verdict.Egress.Allowed) && (!IsLocal(probe.To) || verdict.Ingress.Allowed);
        var trace = PolicyTrace.Of(nft, probe);
        Assert.True(allowed == (trace.Verdict == TraceVerdict.Accepted), $"{probe}: {verdict}; traced {trace.Verdict}");
        Assert.True(nobody || allowed == !plan.Refuses(probe.From, probe.To, probe.Protocol, probe.Port), $"{probe}: {verdict}; the plan says otherwise");
        return true;
    }

    private static bool IsLocal(IpAddr address) => PolicyTrace.Ranges.Any(range => range.Contains(address));

    private static bool IsNobody(PolicyCase generated, IpAddr address) =>
        IsLocal(address) && !generated.World.Pods.Values.Any(pod => pod.NetworkIPs.Contains(address));

    private static (PolicyPlan Plan, MemoryNft Nft) Commit(MemoryNft nft, PolicyCompiler compiler, PolicyCase generated)
    {
        var plan = compiler.Compile(generated.World, generated.Attachments, null);
        Wait(new NftPolicyCommitter(nft).CommitAsync(plan, CancellationToken.None));
        return (plan, nft);
    }

    private static void Wait(Task task) => task.GetAwaiter().GetResult();

    private static string Text(MemoryNft nft) => RulesetText.Render(nft.Tables["fairlead-policy"]);
}
