using Fairlead.Policy.Drops;
using Fairlead.Serving;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Policy.Drops;

public sealed class DropMetricsTests
{
    [Fact]
    public void Each_policy_that_isolates_is_counted_and_there_is_an_end_to_those_told_apart()
    {
        var history = new GenerationHistory(new FakeTimeProvider());
        using var metrics = new DropMetrics(history, null);
        using var text = new PrometheusText(metrics.Meter);
        history.Begin(null);
        DropPolicy[] two = [new("NetworkPolicy", "shop", "a"), new("NetworkPolicy", "shop", "b")];
        metrics.Count(Samples.Record with { Policies = two });
        metrics.Count(Samples.Record with { Policies = two[..1] });
        metrics.Lost(3);
        var written = text.Write();
        Assert.Contains("""fairlead_policy_denied_total{namespace="shop",policy="a",kind="NetworkPolicy",direction="in"} 2""", written, StringComparison.Ordinal);
        Assert.Contains("""fairlead_policy_denied_total{namespace="shop",policy="b",kind="NetworkPolicy",direction="in"} 1""", written, StringComparison.Ordinal);
        Assert.Contains("fairlead_policy_drops_lost_total 3\n", written, StringComparison.Ordinal);
        Assert.Contains("fairlead_policy_generation 1\n", written, StringComparison.Ordinal);

        for (var i = 0; i < DropMetrics.MaxSeries + 5; i++)
        {
            metrics.Count(Samples.Record with { Policies = [new DropPolicy("NetworkPolicy", "shop", $"p{i}")] });
        }

        var series = text.Write().Split('\n').Where(line => line.StartsWith("fairlead_policy_denied_total{", StringComparison.Ordinal)).ToList();
        Assert.Equal(DropMetrics.MaxSeries + 1, series.Count);
        Assert.Contains(series, line => line.EndsWith("policy=\"(others)\",kind=\"NetworkPolicy\",direction=\"in\"} 7", StringComparison.Ordinal));
    }
}
