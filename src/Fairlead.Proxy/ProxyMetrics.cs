using System.Diagnostics.Metrics;
using Fairlead.Proxy.Drift;

namespace Fairlead.Proxy;

/// <summary>The room's metrics, under the names that kube-proxy's dashboards and alerts ask for (pkg/proxy/metrics), and what only this room can tell.</summary>
internal sealed class ProxyMetrics : IDisposable
{
    // 1 ms to 16 s, doubling, and 0.25 s to 5 min as kube-proxy has them: alerts are written against these bounds.
    private static readonly double[] SyncBounds = [.. Enumerable.Range(0, 15).Select(power => 0.001 * (1 << power))];

    private static readonly double[] ProgrammingBounds =
    [
        0.25, 0.5, .. Enumerable.Range(1, 59).Select(second => (double)second), .. Enumerable.Range(12, 12).Select(step => step * 5.0),
        .. Enumerable.Range(4, 7).Select(step => step * 30.0),
    ];

    private readonly TimeProvider _time;
    private readonly Histogram<double> _sync;
    private readonly Histogram<double> _programming;
    private readonly Counter<long> _serviceChanges;
    private readonly Counter<long> _endpointChanges;
    private readonly Counter<long> _failures;
    private readonly Histogram<double> _flowsDuration;
    private readonly Counter<long> _flowsDeleted;
    private readonly Counter<long> _drifts;
    private readonly Counter<long> _driftElements;
    private readonly List<DateTimeOffset> _triggers = [];
    private long _pendingServices;
    private long _pendingEndpoints;
    private double _queued;
    private double _synced;

    public ProxyMetrics(TimeProvider time, Func<(int Internal, int External)> withoutLocal, Func<int> outOfStep, Func<int> withWarnings)
    {
        _time = time;
        Meter = new Meter("fairlead.proxy");
        _sync = Duration("kubeproxy_sync_proxy_rules_duration_seconds", "From a change of the cluster's objects to the kernel's answer.", SyncBounds);
        _programming = Duration(
            "kubeproxy_network_programming_duration_seconds", "From the time a Service or pod changed, as its EndpointSlice says, to the kernel's answer.", ProgrammingBounds);
        _serviceChanges = Count("kubeproxy_sync_proxy_rules_service_changes_total", "Changes of Services taken.");
        _endpointChanges = Count("kubeproxy_sync_proxy_rules_endpoint_changes_total", "Changes of EndpointSlices taken.");
        _failures = Count("kubeproxy_sync_proxy_rules_nftables_sync_failures_total", "Changes that the kernel refused; they are tried again.");
        Count("kubeproxy_sync_proxy_rules_nftables_cleanup_failures_total", "Always 0: what is no longer wanted goes with the change itself.").Add(0);
        _flowsDuration = Duration("kubeproxy_conntrack_reconciler_sync_duration_seconds", "Deleting UDP flows to endpoints that are gone.", SyncBounds);
        _flowsDeleted = Count("kubeproxy_conntrack_reconciler_deleted_entries_total", "UDP flows deleted because their endpoint is gone.");
        _drifts = Count("fairlead_proxy_drifts_total", "Times the kernel did not hold what had been committed.");
        _driftElements = Count("fairlead_proxy_drift_elements_total", "Elements, chains and sets found other than committed, by the object they concern and how they differed.");
        Gauge("fairlead_proxy_services_out_of_step", "Services that the kernel does not hold as planned, because it refused them.", outOfStep);
        Gauge("kubeproxy_sync_proxy_rules_service_changes_pending", "Changes of Services not yet in the kernel.", () => Volatile.Read(ref _pendingServices));
        Gauge("kubeproxy_sync_proxy_rules_endpoint_changes_pending", "Changes of EndpointSlices not yet in the kernel.", () => Volatile.Read(ref _pendingEndpoints));
        Gauge("kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds", "When a change last came.", () => Volatile.Read(ref _queued));
        Gauge("kubeproxy_sync_proxy_rules_last_timestamp_seconds", "When the kernel last held all that the cluster said.", () => Volatile.Read(ref _synced));
        Gauge("fairlead_proxy_services_with_warnings", "Services of which something is not served; the log says what.", withWarnings);
        Meter.CreateObservableGauge(
            "kubeproxy_sync_proxy_rules_no_local_endpoints_total",
            () =>
            {
                var (inside, outside) = withoutLocal();
                return (IEnumerable<Measurement<long>>)
                [
                    new Measurement<long>(inside, new KeyValuePair<string, object?>("traffic_policy", "internal")),
                    new Measurement<long>(outside, new KeyValuePair<string, object?>("traffic_policy", "external")),
                ];
            },
            description: "Services with a local traffic policy and no endpoint on this node.");
    }

    /// <summary>What an exporter listens to.</summary>
    public Meter Meter { get; }

    public void Dispose() => Meter.Dispose();

    public void Taken(IReadOnlyList<Change<ObjectKey, ServiceRow>> services, IReadOnlyList<Change<ObjectKey, EndpointSliceRow>> slices)
    {
        if (services.Count + slices.Count == 0)
        {
            return;
        }

        _serviceChanges.Add(services.Count);
        _endpointChanges.Add(slices.Count);
        Interlocked.Add(ref _pendingServices, services.Count);
        Interlocked.Add(ref _pendingEndpoints, slices.Count);
        Volatile.Write(ref _queued, Now());
        _triggers.AddRange(slices.Where(change => change.New?.TriggeredAt is not null).Select(change => change.New!.TriggeredAt!.Value));
    }

    /// <summary>The kernel has taken a change. Not for the first listing: what it brings says nothing of how fast this node programs.</summary>
    public void Programmed(TimeSpan took)
    {
        _sync.Record(took.TotalSeconds);
        var now = _time.GetUtcNow();
        _triggers.ForEach(at => _programming.Record(Math.Max(0, (now - at).TotalSeconds)));
    }

    /// <summary>Nothing waits for the kernel any more.</summary>
    public void Settled()
    {
        _triggers.Clear();
        Volatile.Write(ref _pendingServices, 0);
        Volatile.Write(ref _pendingEndpoints, 0);
        Volatile.Write(ref _synced, Now());
    }

    public void Failed() => _failures.Add(1);

    /// <summary>The kernel did not hold what was committed.</summary>
    public void Drifted(TableDrift drift)
    {
        _drifts.Add(1);
        Add("service", drift.Frontends.Values.SelectMany(list => list));
        Add("node", drift.Node);
        Add("table", drift.Table);

        void Add(string concerned, IEnumerable<Difference> differences)
        {
            foreach (var kind in differences.CountBy(difference => difference.Kind))
            {
                _driftElements.Add(kind.Value, new("object", concerned), new("difference", kind.Key.ToString().ToLowerInvariant()));
            }
        }
    }

    public void FlowsDeleted(TimeSpan took, int count)
    {
        _flowsDuration.Record(took.TotalSeconds);
        _flowsDeleted.Add(count);
    }

    private double Now() => _time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;

    private Counter<long> Count(string name, string description) => Meter.CreateCounter<long>(name, description: description);

    private void Gauge<T>(string name, string description, Func<T> value)
        where T : struct => Meter.CreateObservableGauge(name, value, description: description);

    private Histogram<double> Duration(string name, string description, double[] bounds) => Meter.CreateHistogram(
        name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });
}
