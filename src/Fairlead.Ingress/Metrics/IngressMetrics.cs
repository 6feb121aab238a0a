using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Fairlead.Cluster.Metrics;
using Fairlead.Cluster.Model;

namespace Fairlead.Ingress.Metrics;

/// <summary>
/// What the room has counted, under the names and labels of ingress-nginx where it has them, so that what was drawn for it goes on; what only we know is
/// <c>fairlead_ingress_…</c>. Counted by Ingress, never by host or path: a client cannot make new series.
/// </summary>
public sealed class IngressMetrics : IDisposable
{
    private readonly ConcurrentDictionary<ObjectKey, IngressCounters> _counters = new();
    private readonly IngressCounters _unmatched = new();
    private long _open;

    /// <param name="tables">Whose sizes are shown.</param>
    /// <param name="droppedLines">How many lines the access log has dropped.</param>
    internal IngressMetrics(IngressTables tables, Func<long> droppedLines)
    {
        Count("nginx_ingress_controller_requests", Requests, "Answers, by Ingress and status code; without an Ingress: what no rule matched.");
        Count("fairlead_ingress_retries_total", () => Each(counters => counters.Retries), "Requests sent to another endpoint because one failed, by Ingress.");
        Count("fairlead_ingress_access_log_dropped_total", () => [new(droppedLines())], "Lines of the access log that came faster than they were written.");
        Gauge("fairlead_ingress_requests_open", () => Interlocked.Read(ref _open), "Requests that are being answered.");
        Gauge("fairlead_ingress_hosts", () => tables.Routes.Hosts.Count(), "Hosts that have routes.");
        Gauge("fairlead_ingress_served", () => tables.Served.Snapshot().Count, "Ingresses that are served.");
        Gauge("fairlead_ingress_certificate_problems", () => tables.CertificateProblems.Snapshot().Count, "Secrets in use that are no certificate.");
    }

    /// <summary>The counters and gauges, by instrument.</summary>
    public Meter Meter { get; } = new("fairlead.ingress");

    /// <summary>The histograms, as of now.</summary>
    public IReadOnlyList<HistogramFigures> Histograms() =>
    [
        new HistogramFigures(
            "nginx_ingress_controller_request_duration_seconds", "Seconds from a request's headers to the end of its answer, by Ingress.", IngressCounters.Bounds,
            [.. All().Select(pair => new HistogramSeries(Labels(pair.Key), pair.Value.Durations(), pair.Value.Seconds))]),
    ];

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    /// <summary>A request came.</summary>
    internal void Began() => Interlocked.Increment(ref _open);

    /// <summary>It was answered.</summary>
    /// <param name="ingress">Whose route it took; null: no rule matched.</param>
    /// <param name="status">The answer's code.</param>
    /// <param name="took">How long it took.</param>
    /// <param name="retries">How many endpoints failed before.</param>
    internal void Ended(ObjectKey? ingress, int status, TimeSpan took, int retries)
    {
        Interlocked.Decrement(ref _open);
        (ingress is { } key ? _counters.GetOrAdd(key, static _ => new IngressCounters()) : _unmatched).Count(status, took, retries);
    }

    private static KeyValuePair<string, object?>[] Labels(ObjectKey ingress) =>
        [new("namespace", ingress.Namespace ?? ""), new("ingress", ingress.Name ?? "")];

    private IEnumerable<KeyValuePair<ObjectKey, IngressCounters>> All() => _counters.Append(KeyValuePair.Create(default(ObjectKey), _unmatched));

    private IEnumerable<Measurement<long>> Requests() =>
        All().SelectMany(pair => pair.Value.ByStatus.Select(status => new Measurement<long>(status.Value, [.. Labels(pair.Key), new("status", status.Key)])));

    private IEnumerable<Measurement<long>> Each(Func<IngressCounters, long> figure) =>
        All().Select(pair => new Measurement<long>(figure(pair.Value), Labels(pair.Key)));

    private void Count(string name, Func<IEnumerable<Measurement<long>>> figures, string description) =>
        Meter.CreateObservableCounter(name, figures, description: description);

    private void Gauge(string name, Func<long> figure, string description) => Meter.CreateObservableGauge(name, figure, description: description);
}
