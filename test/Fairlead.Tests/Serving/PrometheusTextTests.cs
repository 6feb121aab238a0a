using System.Diagnostics.Metrics;
using Fairlead.Serving;

namespace Fairlead.Tests.Serving;

public sealed class PrometheusTextTests : IDisposable
{
    private readonly Meter _meter = new("test");

    public void Dispose() => _meter.Dispose();

    [Fact]
    public void Counters_gauges_and_histograms_are_written_as_the_format_says()
    {
        using var text = new PrometheusText(_meter);
        var counter = _meter.CreateCounter<long>("things_total", description: "Things.");
        _meter.CreateObservableGauge("level", () => 1.5, description: "How high.");
        var histogram = _meter.CreateHistogram("took_seconds", "s", "How long.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        counter.Add(2);
        counter.Add(3);
        histogram.Record(0.1);
        histogram.Record(0.5);
        histogram.Record(7);

        Assert.Equal(
            """
            # HELP level How high.
            # TYPE level gauge
            level 1.5
            # HELP things_total Things.
            # TYPE things_total counter
            things_total 5
            # HELP took_seconds How long.
            # TYPE took_seconds histogram
            took_seconds_bucket{le="0.1"} 1
            took_seconds_bucket{le="1"} 2
            took_seconds_bucket{le="+Inf"} 3
            took_seconds_sum 7.6
            took_seconds_count 3

            """,
            text.Write());
    }

    [Fact]
    public void Series_are_told_apart_by_labels_whose_values_are_escaped()
    {
        using var text = new PrometheusText(_meter);
        var counter = _meter.CreateCounter<long>("things_total");
        counter.Add(1, new KeyValuePair<string, object?>("kind", "a\"b\\c\n"));
        counter.Add(2, new("kind", "d"), new("code", 200));

        Assert.EndsWith(
            """
            things_total{kind="a\"b\\c\n"} 1
            things_total{kind="d",code="200"} 2

            """,
            text.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_never_counted_stands_at_nought_and_other_meters_are_not_shown()
    {
        using var other = new Meter("test");
        using var text = new PrometheusText(_meter);
        _meter.CreateCounter<long>("mine_total");
        other.CreateCounter<long>("theirs_total").Add(1);

        Assert.EndsWith("\nmine_total 0\n", text.Write(), StringComparison.Ordinal);
        Assert.DoesNotContain("theirs", text.Write(), StringComparison.Ordinal);
    }
}
