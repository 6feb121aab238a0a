using Fairlead.Pods.Lifecycle;

namespace Fairlead.Tests.Pods;

/// <summary>When probes ask.</summary>
public sealed class ProbeRhythmTests
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    [Fact]
    public void A_readiness_probe_asks_a_starting_container_again_soon_and_counts_only_what_comes_later()
    {
        var rhythm = new ProbeRhythm(Period, isReadiness: true);
        foreach (var wait in new[] { 50, 100, 200, 400 })
        {
            Assert.Equal(wait, rhythm.Next(false, out var counts).TotalMilliseconds);
            Assert.False(counts);
        }

        Assert.Equal(Period, rhythm.Next(false, out var late));
        Assert.True(late);
    }

    [Fact]
    public void Once_ready_every_failure_counts()
    {
        var rhythm = new ProbeRhythm(Period, isReadiness: true);
        Assert.Equal(Period, rhythm.Next(true, out _));
        Assert.Equal(Period, rhythm.Next(false, out var counts));
        Assert.True(counts);
    }

    [Fact]
    public void Other_probes_keep_to_their_period()
    {
        var rhythm = new ProbeRhythm(Period, isReadiness: false);
        Assert.Equal(Period, rhythm.Next(false, out var counts));
        Assert.True(counts);
    }
}
