using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Proxy.Health;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Serving;

/// <summary>
/// kube-proxy's <c>/healthz</c> and <c>/livez</c> (KEP-3836): the first says whether a load balancer should send this node new connections, the second whether
/// the proxy itself keeps up.
/// </summary>
internal sealed class NodeHealth : IDisposable
{
    private readonly ProxyHealth _proxy;
    private readonly ClusterTables _cluster;
    private readonly string _nodeName;
    private readonly TimeProvider _time;
    private readonly Answers _healthz = new();
    private readonly Answers _livez = new();

    public NodeHealth(ProxyHealth proxy, ClusterTables cluster, string nodeName, TimeProvider time)
    {
        (_proxy, _cluster, _nodeName, _time) = (proxy, cluster, nodeName, time);
        Meter = new Meter("fairlead.health");
        Meter.CreateObservableCounter("kubeproxy_proxy_healthz_total", _healthz.Measure, description: "Answers of /healthz, by status code.");
        Meter.CreateObservableCounter("kubeproxy_proxy_livez_total", _livez.Measure, description: "Answers of /livez, by status code.");
    }

    /// <summary>How often what was answered.</summary>
    public Meter Meter { get; }

    /// <summary>The node takes new connections: it is not about to go.</summary>
    private bool IsEligible => _cluster.Nodes.Get(_nodeName) is not { IsLeaving: true };

    /// <summary>Answers one request.</summary>
    public Task AnswerAsync(HttpContext context) => context.Request.Path.Value switch
    {
        "/healthz" => AnswerAsync(context, _healthz, _proxy.IsHealthy && IsEligible, new JsonObject { ["nodeEligible"] = IsEligible }),
        "/livez" => AnswerAsync(context, _livez, _proxy.IsHealthy, []),
        _ => Replies.TextAsync(context, StatusCodes.Status404NotFound, "see /healthz and /livez\n", "text/plain; charset=utf-8"),
    };

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    private Task AnswerAsync(HttpContext context, Answers answers, bool isGood, JsonObject more)
    {
        var code = isGood ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        answers.Count(isGood);
        more.Insert(0, "lastUpdated", Text(_proxy.LastUpdated));
        more.Insert(1, "currentTime", Text(_time.GetUtcNow()));
        return Replies.JsonAsync(context, code, more);
    }

    private static string Text(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture) ?? "";

    private sealed class Answers
    {
        private long _good;
        private long _bad;

        public void Count(bool isGood) => Interlocked.Increment(ref isGood ? ref _good : ref _bad);

        public IEnumerable<Measurement<long>> Measure() =>
        [
            new(Volatile.Read(ref _good), new KeyValuePair<string, object?>("code", StatusCodes.Status200OK)),
            new(Volatile.Read(ref _bad), new KeyValuePair<string, object?>("code", StatusCodes.Status503ServiceUnavailable)),
        ];
    }
}
