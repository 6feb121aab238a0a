namespace Fairlead.Cluster.Metrics;

/// <summary>A histogram that was counted elsewhere than in an instrument, as of now.</summary>
/// <param name="Name">Under which it is shown.</param>
/// <param name="Description">What it is.</param>
/// <param name="Bounds">Upper bounds of its buckets, ascending.</param>
/// <param name="Series">What was counted, by labels.</param>
public sealed record HistogramFigures(string Name, string Description, IReadOnlyList<double> Bounds, IReadOnlyList<HistogramSeries> Series);

/// <summary>One series of a <see cref="HistogramFigures"/>.</summary>
/// <param name="Labels">Their names and values.</param>
/// <param name="Counts">How much was within each bound and no lower one; the last figure is for what was beyond all.</param>
/// <param name="Sum">The sum of what was counted.</param>
public sealed record HistogramSeries(IReadOnlyList<KeyValuePair<string, object?>> Labels, IReadOnlyList<long> Counts, double Sum);
