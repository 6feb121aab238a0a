using Fairlead.Nftables;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Transactions;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Nftables;

/// <summary>When a table is read back: for what others did, told or not, and never for what the filter's owner did himself.</summary>
public sealed class DriftWatchTests
{
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
