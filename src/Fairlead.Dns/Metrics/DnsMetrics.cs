using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.InteropServices;
using Fairlead.Cluster.Metrics;
using Fairlead.Dns.Chain;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Metrics;

/// <summary>
/// What the room has counted, under the names and labels of CoreDNS 1.13, so that what was drawn for it goes on; what only we know is <c>fairlead_dns_…</c>.
/// The figures are kept elsewhere and summed when somebody asks.
/// </summary>
public sealed class DnsMetrics : IDisposable
{
    private readonly DnsCounters _counters;
    private readonly string _server;
    private readonly ForwardMetrics _forwards;

    /// <param name="room">Whose figures.</param>
    public DnsMetrics(DnsRoom room)
        : this(room.Counters, room.Port, () => room.Chains)
    {
    }

    /// <param name="counters">What was counted.</param>
    /// <param name="port">The server's port, which label <c>server</c> names.</param>
    /// <param name="chains">The configuration at work.</param>
    internal DnsMetrics(DnsCounters counters, int port, Func<DnsChains?> chains)
    {
        (_counters, _server) = (counters, $"dns://:{port}");
        _forwards = new ForwardMetrics(Meter, _server, chains);
        Count("coredns_dns_requests_total", Requests, "Queries, by zone, protocol, address family (1: IPv4, 2: IPv6) and type.");
        Count("coredns_dns_responses_total", Responses, "Replies, by zone, response code and the plugin that made them.");
        Count("coredns_dns_do_requests_total", () => Each((zone, counted) => new Measurement<long>(counted.DnssecOk, [.. Labels(zone)])), "Queries with the DO bit, by zone.");
        Count("coredns_panics_total", () => [new(0)], "Queries that ended a server: none does here, whatever it holds.");
        Count("coredns_reload_failed_total", () => [new(counters.ReloadFailures)], "Configurations that were not understood, so that the one before went on.");
        Count("fairlead_dns_dropped_total", () => [new(counters.Dropped)], "Packets that were no query, or whose reply could not be sent.");
        Count("fairlead_dns_udp_lost_total", () => [new(counters.UdpLost)], "Queries by UDP that came faster than they were read.");
        Count("fairlead_dns_tcp_refused_total", () => [new(counters.TcpRefused)], "TCP connections closed at once because there were too many.");
        Count("fairlead_dns_tcp_replaced_total", () => [new(counters.TcpReplaced)], "TCP connections without a query that made room for new ones.");
        Count("fairlead_dns_forward_failures_total", () => [new(counters.ForwardFailures)], "Questions that no upstream answered.");
        Count("fairlead_dns_query_log_dropped_total", () => [new(counters.LogDropped)], "Queries that came too fast to be logged.");
        Meter.CreateObservableGauge("coredns_plugin_enabled", () => PluginsOf(chains()), description: "Always 1; which plugins handle queries, by zone.");
        Meter.CreateObservableGauge("coredns_build_info", BuildInfo, description: "Always 1; which program answers.");
    }

    /// <summary>The counters and gauges, by instrument.</summary>
    public Meter Meter { get; } = new("fairlead.dns");

    /// <summary>The histograms, as of now.</summary>
    public IReadOnlyList<HistogramFigures> Histograms() =>
    [
        new HistogramFigures(
            "coredns_dns_request_duration_seconds", "Seconds from a query's receipt to its reply, by zone.", ZoneCounters.DurationBounds,
            [.. Each((zone, counted) => new HistogramSeries([.. Labels(zone)], counted.Durations(), counted.DurationSum()))]),
        Sizes("coredns_dns_request_size_bytes", "Bytes of queries, by zone and protocol.", ofReplies: false),
        Sizes("coredns_dns_response_size_bytes", "Bytes of replies, by zone and protocol.", ofReplies: true),
        _forwards.Durations(),
        new HistogramFigures(
            "coredns_kubernetes_dns_programming_duration_seconds", "Seconds from the change of a pod or Service to its being answered.", ProgrammingTimes.Bounds,
            [new HistogramSeries([Label("service_kind", "headless_with_selector")], _counters.Programming.Counts, _counters.Programming.Sum)]),
    ];

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    private static Measurement<long> BuildInfo() => new(
        1,
        Label("version", typeof(DnsMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? ""),
        Label("revision", "fairlead"), Label("goversion", RuntimeInformation.FrameworkDescription));

    private static KeyValuePair<string, object?> Label(string name, object value) => new(name, value);

    private static string Protocol(bool tcp) => tcp ? "tcp" : "udp";

    private void Count(string name, Func<IEnumerable<Measurement<long>>> measure, string description) =>
        Meter.CreateObservableCounter(name, measure, description: description);

    private KeyValuePair<string, object?>[] Labels(string zone) =>
        [Label("server", _server), Label("zone", zone == DnsCounters.NoZone ? "dropped" : zone + "."), Label("view", "")];

    private IEnumerable<T> Each<T>(Func<string, ZoneCounters, T> of) =>
        _counters.Zones.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => of(one.Key, one.Value));

    private IEnumerable<Measurement<long>> PluginsOf(DnsChains? chains) =>
        from chain in chains?.All ?? []
        from zone in chain.Block.Zones
        from plugin in chain.Block.Plugins.Order(StringComparer.Ordinal)
        select new Measurement<long>(1, [.. Labels(zone), Label("name", plugin)]);

    private IEnumerable<Measurement<long>> Requests() => Each(Requests).SelectMany(one => one);

    private IEnumerable<Measurement<long>> Requests(string zone, ZoneCounters counted) =>
        from tcp in (bool[])[false, true]
        from v6 in (bool[])[false, true]
        from type in Enumerable.Range(0, ZoneCounters.Types.Length)
        let count = counted.Requests(tcp, v6, type)
        where count > 0
        select new Measurement<long>(
            count, [.. Labels(zone), Label("proto", Protocol(tcp)), Label("family", v6 ? "2" : "1"), Label("type", ZoneCounters.Types[type])]);

    private IEnumerable<Measurement<long>> Responses() => Each(Responses).SelectMany(one => one);

    private IEnumerable<Measurement<long>> Responses(string zone, ZoneCounters counted) =>
        from plugin in Enum.GetValues<DnsPlugin>()
        from code in Enumerable.Range(0, ZoneCounters.Codes)
        let count = counted.Responses(plugin, code)
        where count > 0
        select new Measurement<long>(
            count, [.. Labels(zone), Label("rcode", MessageText.Code((ResponseCode)code)), Label("plugin", ZoneCounters.Plugins[(int)plugin])]);

    private HistogramFigures Sizes(string name, string description, bool ofReplies) => new(
        name, description, ZoneCounters.SizeBounds,
        [
            .. Each((zone, counted) => ((bool[])[false, true]).Select(tcp => new HistogramSeries(
                [.. Labels(zone), Label("proto", Protocol(tcp))], counted.Sizes(ofReplies, tcp), counted.SizeSum(ofReplies, tcp)))).SelectMany(one => one).Where(one => one.Counts.Any(count => count > 0)),
        ]);
}
