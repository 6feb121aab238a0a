using System.Text;
using CsCheck;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Transactions;
using Fairlead.Policy.Compile;
using Fairlead.Policy.Drops;
using Fairlead.Policy.Nftables;
using Fairlead.Testing;
using Fairlead.Testing.Nftables;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Policy.Drops;

public sealed class GenerationTests
{
    private readonly MemoryNft _nft = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddDays(20_000));

    [Fact]
    public void What_is_written_is_read() => Gen.Select(Gen.ULong, Gen.UInt).Sample((epoch, number) =>
    {
        var generation = new Generation(epoch, number);
        return Generation.TryParse(Encoding.ASCII.GetBytes($"{generation}"), out var read) && read == generation;
    });

    [Fact]
    public async Task A_plan_that_changes_nothing_is_no_commit_and_no_generation()
    {
        var history = new GenerationHistory(_time);
        var committer = new NftPolicyCommitter(_nft, history);
        await committer.CommitAsync(Plan("10.244.1.0/24"), Deadline.Token());
        await committer.CommitAsync(Plan("10.244.1.0/24"), Deadline.Token());
        Assert.Equal((1, 1u), (_nft.Commits, history.Newest.Number));
        Assert.Equal($"refused-in {history.Newest}", Prefix("refused-in"));
    }

    [Fact]
    public async Task Another_plan_is_another_generation_in_the_same_transaction()
    {
        var history = new GenerationHistory(_time);
        var committer = new NftPolicyCommitter(_nft, history);
        await committer.CommitAsync(Plan("10.244.1.0/24"), Deadline.Token());
        await committer.CommitAsync(Plan("10.244.2.0/24"), Deadline.Token());
        Assert.Equal((2, 2u), (_nft.Commits, history.Newest.Number));
        foreach (var refusal in Refusal.All)
        {
            Assert.Equal($"{refusal.Chain} {history.Newest}", Prefix(refusal.Chain));
        }
    }

    [Fact]
    public async Task Another_run_is_another_generation_whatever_is_there()
    {
        await new NftPolicyCommitter(_nft, new GenerationHistory(_time)).CommitAsync(Plan("10.244.1.0/24"), Deadline.Token());
        var before = Prefix("refused-in");
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await new NftPolicyCommitter(_nft, new GenerationHistory(_time)).CommitAsync(Plan("10.244.1.0/24"), Deadline.Token());
        Assert.NotEqual(before, Prefix("refused-in"));

        // Of the second, nothing but the generation was written.
        Assert.All(_nft.LastTransaction!.Operations, operation => Assert.Contains("log-", $"{operation}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_generation_that_somebody_else_changed_is_put_right()
    {
        var history = new GenerationHistory(_time);
        var committer = new NftPolicyCommitter(_nft, history);
        await committer.CommitAsync(Plan("10.244.1.0/24"), Deadline.Token());
        Assert.False(await committer.HasDriftedAsync(Deadline.Token()));
        _nft.CommitByOthers(new Transaction(PolicyTable.Table).Flush(new Chain("log-refused-in")));
        Assert.True(await committer.HasDriftedAsync(Deadline.Token()));
        await committer.CommitAsync(Plan("10.244.1.0/24"), Deadline.Token());
        Assert.Equal($"refused-in {history.Newest}", Prefix("refused-in"));
    }

    [Fact]
    public async Task A_commit_that_failed_leaves_what_is_in_force_explained()
    {
        var history = new GenerationHistory(_time);
        var fails = false;
        var committer = new NftPolicyCommitter(new FaultyNft(_nft, _ => fails), history);
        await committer.CommitAsync(Plan("10.244.1.0/24"), Deadline.Token());
        fails = true;
        for (var i = 0; i < 20; i++)
        {
            // Every other one takes place, and nobody hears of it.
            await Assert.ThrowsAsync<NftException>(() => committer.CommitAsync(Plan("10.244.2.0/24"), Deadline.Token()));
            Assert.True(Generation.TryParse(Encoding.ASCII.GetBytes(Prefix("refused-in")["refused-in ".Length..]), out var inForce));
            Assert.True(history.TryFind(inForce, out _), $"{i}");
        }
    }

    [Fact]
    public async Task Without_anybody_who_listens_nothing_is_logged()
    {
        await new NftPolicyCommitter(_nft).CommitAsync(Plan("10.244.1.0/24"), Deadline.Token());
        Assert.Empty(_nft.Tables["fairlead-policy"].Chains["log-refused-in"].Rules);
    }

    private string Prefix(string chain) =>
        Assert.IsType<Log>(Assert.Single(Assert.Single(_nft.Tables["fairlead-policy"].Chains[$"log-{chain}"].Rules).Statements)).Prefix;

    private static PolicyPlan Plan(string range) => PolicyPlan.Closed(null) with { LocalRanges = [IpNet.Parse(range)] };
}
