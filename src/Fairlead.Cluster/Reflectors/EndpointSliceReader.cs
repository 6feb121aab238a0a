using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cluster.Reflectors;

/// <summary>EndpointSlice documents to rows.</summary>
internal static class EndpointSliceReader
{
    private const string ServiceLabel = "kubernetes.io/service-name";
    private const string ImportLabel = "multicluster.kubernetes.io/service-name";
    private const string ClusterLabel = "multicluster.kubernetes.io/source-cluster";
    private const string TriggerAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

    public static EndpointSliceRow Read(JsonObject document) => Read(document, new SharedTexts());

    public static EndpointSliceRow Read(JsonObject document, SharedTexts texts)
    {
        var named = document.Key();
        var key = named with { Namespace = texts.Of(named.Namespace) };
        var labels = document.Labels("metadata", "labels");
        var service = labels[ServiceLabel];
        var family = document.Text("addressType") switch
        {
            "IPv4" => IpFamily.V4,
            "IPv6" => IpFamily.V6,
            var other => throw new FormatException($"address type {other} is not served"),
        };
        return new EndpointSliceRow
        {
            Key = key,
            Service = service is null ? default : new ObjectKey(key.Namespace, service),
            Import = labels[ImportLabel] is { Length: > 0 } import ? new SliceImport(new ObjectKey(key.Namespace, import), texts.Of(labels[ClusterLabel] ?? "")) : null,
            Family = family,
            LeftToOtherProxy = ServiceRow.IsLeftToOtherProxy(labels),
            ForbiddenAddresses = Fields.Addresses(document.Objects("endpoints").SelectMany(endpoint => endpoint.Texts("addresses").Take(1)))
                .Where(address => address.IsSpecial).ToValueArray(),
            TriggeredAt = Time(document.Object("metadata").Object("annotations").Text(TriggerAnnotation)),
            Ports = document.Objects("ports").Where(port => port.Port("port") > 0)
                .Select(port => new EndpointPort(port.Text("name"), port.Protocol("protocol"), port.Port("port"))).ToValueArray(),
            Endpoints = document.Objects("endpoints").Select(endpoint => Endpoint(endpoint, family, texts)).OfType<SliceEndpoint>().ToValueArray(),
        };
    }

    private static DateTimeOffset? Time(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    /// <summary>Null for an address of the other family or one that an endpoint must not have (CVE-2021-25737).</summary>
    private static SliceEndpoint? Endpoint(JsonObject endpoint, IpFamily family, SharedTexts texts)
    {
        if (endpoint.Texts("addresses") is not [var text, ..] || !IpAddr.TryParse(text, out var address) || address.Family != family || address.IsSpecial)
        {
            return null;
        }

        var conditions = endpoint.Object("conditions");
        var target = endpoint.Object("targetRef");
        var hints = endpoint.Object("hints");
        var ready = conditions.Flag(true, "ready");
        return new SliceEndpoint
        {
            Address = address,
            Ready = ready,
            Serving = conditions.Flag(ready, "serving"),
            Terminating = conditions.Flag("terminating"),
            Hostname = endpoint.Text("hostname"),
            NodeName = texts.Of(endpoint.Text("nodeName")),
            Zone = texts.Of(endpoint.Text("zone")),
            Pod = target.Text("kind") == "Pod" ? new ObjectKey(texts.Of(target.Text("namespace")), target.Text("name")) : default,
            ForZones = hints.Objects("forZones").Select(zone => zone.Text("name")).ToValueArray(),
            ForNodes = hints.Objects("forNodes").Select(node => node.Text("name")).ToValueArray(),
        };
    }
}
