using Fairlead.Nftables;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Transactions;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Nftables;

/// <summary>When a table is read back: for what others did, told or not, and never for what the filter's owner did himself.</summary>
public sealed class DriftWatchTests
{
    private const int Rounds = 60_000;

    private static readonly Table Own = new("fairlead-test");

    private readonly FakeTimeProvider _time = new();
    private readonly MemoryNft _nft = new();

    [Fact]
    public async Task What_it_commits_itself_is_no_reason_to_read_all_back()
    {
        using var watch = new DriftWatch(_nft, _time, () => { });
        await _nft.CommitAsync(new Transaction(Own).Add(Own), default);
        Assert.Equal(1, await LooksAsync(watch));
        await _nft.CommitAsync(new Transaction(Own).Add(new Chain("ours")), default);
        Assert.Equal(0, await LooksAsync(watch));
        _nft.CommitByOthers(new Transaction(Own).Add(new Chain("theirs")), told: false);
        await _nft.CommitAsync(new Transaction(Own).Add(new Chain("ours-too")), default);
        Assert.Equal(1, await LooksAsync(watch));
        Assert.Equal(0, await LooksAsync(watch));
    }

    /// <summary>Each round is two threads at once: one ends a check while the other hears of a change. Whichever comes first, the change is looked at.</summary>
    [Fact]
    public async Task What_others_change_while_a_check_ends_is_looked_at_next()
    {
        using var watch = new DriftWatch(_nft, _time, () => { });
        using var together = new Barrier(2);
        var seen = 0;
        var theirs = Task.Run(() =>
        {
            for (var i = 0; i < Rounds; i++)
            {
                _nft.CommitByOthers(new Transaction(Own).Add(Own));
                together.SignalAndWait();
                Thread.SpinWait(i % 50);
                _nft.CommitByOthers(new Transaction(Own).Add(Own));
                together.SignalAndWait();
                together.SignalAndWait();
            }
        });
        var lost = 0;
        for (var i = 0; i < Rounds; i++)
        {
            together.SignalAndWait();
            await CheckAsync();
            together.SignalAndWait();
            await CheckAsync();
            lost += seen == _nft.Commits ? 0 : 1;
            together.SignalAndWait();
        }

        await theirs;
        Assert.Equal(0, lost);

        Task CheckAsync() => watch.CheckAsync(
            _ =>
            {
                seen = _nft.Commits;
                return Task.FromResult(false);
            },
            default);
    }

    /// <summary>How often the table is read after the interval.</summary>
    private async Task<int> LooksAsync(DriftWatch watch)
    {
        var looks = 0;
        _time.Advance(DriftWatch.DefaultInterval);
        await watch.CheckAsync(
            _ =>
            {
                looks++;
                return Task.FromResult(false);
            },
            default);
        return looks;
    }
}
