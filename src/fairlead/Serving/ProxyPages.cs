using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Composition;
using Fairlead.Proxy;
using Fairlead.Proxy.Conntrack;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Serving;

/// <summary>What kube-proxy answers beside its metrics: that it is there, how it works, and what it was told.</summary>
internal sealed class ProxyPages(AgentOptions agent, ProxyOptions proxy, PrometheusText metrics)
{
    private const string PlainText = "text/plain; charset=utf-8";

    /// <summary>Answers one request.</summary>
    public Task AnswerAsync(HttpContext context) => context.Request.Path.Value switch
    {
        "/metrics" => Replies.TextAsync(context, StatusCodes.Status200OK, metrics.Write(), PrometheusText.ContentType),
        "/proxyMode" => Replies.TextAsync(context, StatusCodes.Status200OK, "nftables", PlainText),
        "/healthz" => Replies.TextAsync(context, StatusCodes.Status200OK, "ok", PlainText),
        "/configz" => Replies.JsonAsync(context, StatusCodes.Status200OK, Configuration()),
        _ => Replies.TextAsync(context, StatusCodes.Status404NotFound, "see /metrics, /proxyMode, /configz and /healthz\n", PlainText),
    };

    /// <summary>In the form of kubeproxy.config.k8s.io/v1alpha1, as far as its fields mean something here.</summary>
    private JsonObject Configuration() => new()
    {
        ["kubeproxy.config.k8s.io"] = new JsonObject
        {
            ["apiVersion"] = "kubeproxy.config.k8s.io/v1alpha1",
            ["kind"] = "KubeProxyConfiguration",
            ["mode"] = "nftables",
            ["hostnameOverride"] = agent.NodeName,
            ["clusterCIDR"] = string.Join(',', agent.PodRanges),
            ["healthzBindAddress"] = agent.HealthEndpoint?.ToString() ?? "",
            ["metricsBindAddress"] = agent.MetricsEndpoint?.ToString() ?? "",
            ["nodePortAddresses"] = NodePortAddresses(),
            ["nftables"] = new JsonObject
            {
                ["masqueradeBit"] = int.Log2((int)proxy.MasqueradeBit),
                ["masqueradeAll"] = false,
                ["syncPeriod"] = Text(proxy.ResyncInterval),
                ["minSyncPeriod"] = "0s",
            },
            ["conntrack"] = new JsonObject
            {
                ["maxPerCore"] = ConntrackSettings.PerProcessor,
                ["min"] = ConntrackSettings.Least,
                ["tcpEstablishedTimeout"] = Text(ConntrackSettings.Established),
                ["tcpCloseWaitTimeout"] = Text(ConntrackSettings.CloseWait),
            },
        },
    };

    private JsonArray NodePortAddresses() =>
        proxy.NodePortRanges.Count == 0 ? [(JsonNode)"primary"] : [.. proxy.NodePortRanges.Select(range => (JsonNode)range.ToString())];

    /// <summary>As metav1.Duration: <c>24h0m0s</c>.</summary>
    private static string Text(TimeSpan time) => time < TimeSpan.FromMinutes(1)
        ? string.Create(CultureInfo.InvariantCulture, $"{time.Seconds}s")
        : string.Create(CultureInfo.InvariantCulture, $"{(time.TotalHours >= 1 ? $"{(int)time.TotalHours}h" : "")}{time.Minutes}m{time.Seconds}s");
}
