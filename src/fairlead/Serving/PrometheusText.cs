using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Fairlead.Cluster.Metrics;

namespace Fairlead.Serving;

/// <summary>
/// Meters as text, in Prometheus' exposition format 0.0.4: counters, up-down counters and gauges as they stand, histograms by the bounds that their instrument
/// advises. Instruments have the names they are shown under. One listener for all the given meters; any thread may write.
/// </summary>
internal sealed class PrometheusText : IDisposable
{
    /// <summary>The content type of what is written.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Family> _families = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();

    /// <summary>Listens from now on; what was counted before is not seen.</summary>
    public PrometheusText(params Meter[] meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (meters.Contains(instrument.Meter))
            {
                listener.EnableMeasurementEvents(instrument, FamilyOf(instrument));
            }
        };
        _listener.SetMeasurementEventCallback<long>(Measured);
        _listener.SetMeasurementEventCallback<int>(Measured);
        _listener.SetMeasurementEventCallback<double>(Measured);
        _listener.Start();
    }

    /// <summary>Histograms that are counted elsewhere than in instruments; null: there are none.</summary>
    public Func<IReadOnlyList<HistogramFigures>>? Histograms { get; init; }

    /// <summary>Everything, as of now, in the order of the names.</summary>
    public string Write()
    {
        _listener.RecordObservableInstruments();
        var histograms = Histograms?.Invoke() ?? [];
        var families = new SortedDictionary<string, Action<StringBuilder>>(StringComparer.Ordinal);
        foreach (var histogram in histograms)
        {
            families[histogram.Name] = text => Write(text, histogram);
        }

        var text = new StringBuilder();
        lock (_gate)
        {
            foreach (var (name, family) in _families)
            {
                families[name] = family.Write;
            }

            foreach (var write in families.Values)
            {
                write(text);
            }
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static void Write(StringBuilder text, HistogramFigures histogram)
    {
        WriteHead(text, histogram.Name, histogram.Description, "histogram");
        foreach (var series in histogram.Series)
        {
            WriteHistogram(text, histogram.Name, Labels([.. series.Labels]), (histogram.Bounds, series.Counts), series.Counts.Sum(), series.Sum);
        }
    }

    private static void WriteHead(StringBuilder text, string name, string? description, string type) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {description}\n# TYPE {name} {type}\n");

    private static void WriteHistogram(
        StringBuilder text, string name, string labels, (IReadOnlyList<double> Bounds, IReadOnlyList<long> Counts) buckets, long count, double sum)
    {
        var below = 0L;
        for (var i = 0; i < buckets.Bounds.Count; i++)
        {
            below += buckets.Counts[i];
            text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{Braced(labels, buckets.Bounds[i].ToString(CultureInfo.InvariantCulture))} {below}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{Braced(labels, "+Inf")} {count}\n");
        text.Append(CultureInfo.InvariantCulture, $"{name}_sum{Braced(labels)} {sum}\n{name}_count{Braced(labels)} {count}\n");
    }

    private static string Braced(string labels, string? bound = null)
    {
        var all = bound is null ? labels : $"{labels}{(labels.Length > 0 ? "," : "")}le=\"{bound}\"";
        return all.Length == 0 ? "" : $"{{{all}}}";
    }

    private Family FamilyOf(Instrument instrument)
    {
        var family = new Family(instrument);
        lock (_gate)
        {
            _families[instrument.Name] = family;
        }

        return family;
    }

    private void Measured<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
        where T : struct, IConvertible
    {
        lock (_gate)
        {
            ((Family)state!).Take(value.ToDouble(CultureInfo.InvariantCulture), Labels(tags), instrument.IsObservable);
        }
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length == 0)
        {
            return "";
        }

        var text = new StringBuilder();
        foreach (var (name, value) in tags)
        {
            var escaped = $"{value}".Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
            text.Append(text.Length > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $"{name}=\"{escaped}\"");
        }

        return text.ToString();
    }

    /// <summary>One instrument and its series by labels.</summary>
    private sealed class Family
    {
        private readonly Instrument _instrument;
        private readonly double[]? _bounds;
        private readonly SortedDictionary<string, Series> _series = new(StringComparer.Ordinal);

        public Family(Instrument instrument)
        {
            _instrument = instrument;
            _bounds = instrument is Histogram<double> histogram ? [.. histogram.Advice?.HistogramBucketBoundaries ?? []] : null;

            // What can only have one series is shown before anything was measured, so that a rate over it starts at nought.
            _ = instrument.IsObservable || (_series[""] = new Series(_bounds?.Length ?? 0)) is null;
        }

        public void Take(double value, string labels, bool isObserved)
        {
            if (labels.Length > 0)
            {
                _series.Remove("");
            }

            if (!_series.TryGetValue(labels, out var series))
            {
                _series[labels] = series = new Series(_bounds?.Length ?? 0);
            }

            series.Sum = isObserved ? value : series.Sum + value;
            if (_bounds is not null)
            {
                series.Count++;
                var bucket = Array.FindIndex(_bounds, bound => value <= bound);
                _ = bucket < 0 ? 0 : series.Buckets[bucket]++;
            }
        }

        public void Write(StringBuilder text)
        {
            var name = _instrument.Name;
            var type = _bounds is not null ? "histogram" : IsCounter() ? "counter" : "gauge";
            WriteHead(text, name, _instrument.Description, type);
            foreach (var (labels, series) in _series)
            {
                if (_bounds is null)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{name}{Braced(labels)} {series.Sum}\n");
                }
                else
                {
                    WriteHistogram(text, name, labels, (_bounds, series.Buckets), series.Count, series.Sum);
                }
            }
        }

        private bool IsCounter() => _instrument is Counter<long> or Counter<int> or Counter<double> or ObservableCounter<long> or ObservableCounter<double>;
    }

    private sealed class Series(int buckets)
    {
        public double Sum { get; set; }

        public long Count { get; set; }

        public long[] Buckets { get; } = new long[buckets];
    }
}
