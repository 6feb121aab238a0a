using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Rows;

/// <summary>One port of a Service as its endpoints see it. <see cref="Target"/> is a number or a container port's name.</summary>
internal sealed record TargetPort(string Name, string Protocol, int Port, string Target, string AppProtocol);

/// <summary>A Service, as far as its endpoints depend on it.</summary>
internal sealed record ServiceInfo : IObjectRow
{
    public required RowMeta Meta { get; init; }

    public string Type { get; init; } = "ClusterIP";

    public bool IsHeadless { get; init; }

    /// <summary>spec.ipFamilies, or the families of the addresses; IPv4 when the server says nothing.</summary>
    public ValueArray<IpFamily> Families { get; init; } = [IpFamily.V4];

    /// <summary>Its cluster addresses, in canonical form.</summary>
    public ValueArray<string> Addresses { get; init; }

    /// <summary>Null when the Service has no selector: its endpoints are somebody else's business.</summary>
    public Labels? Selector { get; init; }

    public ValueArray<TargetPort> Ports { get; init; }

    public bool PublishNotReady { get; init; }

    /// <summary>spec.trafficDistribution, empty when not set or overridden by the topology-mode annotation.</summary>
    public string TrafficDistribution { get; init; } = "";

    /// <summary>The topology-mode annotation asks for hints by zone (KEP-2433).</summary>
    public bool TopologyAuto { get; init; }

    public static ServiceInfo Read(JsonObject service)
    {
        var spec = service.At("spec");
        var selector = spec.Labels("selector");
        var auto = IsTopologyAuto(service.At("metadata", "annotations"));
        return new ServiceInfo
        {
            Meta = RowMeta.From(service),
            Type = spec.Text("type") is { Length: > 0 } type ? type : "ClusterIP",
            IsHeadless = spec.Text("clusterIP") == "None",
            Families = ReadFamilies(spec),
            Addresses = spec.Texts("clusterIPs").Where(text => IpAddr.TryParse(text, out _)).Select(text => IpAddr.Parse(text).ToString()).ToValueArray(),
            Selector = selector.Count == 0 ? null : selector,
            Ports = spec.Objects("ports").Select(ReadPort).ToValueArray(),
            PublishNotReady = spec.Flag("publishNotReadyAddresses"),
            TopologyAuto = auto,
            TrafficDistribution = auto ? "" : spec.Text("trafficDistribution"),
        };
    }

    /// <summary>The older annotation counts before the newer one, as upstream; both know one word.</summary>
    private static bool IsTopologyAuto(JsonNode? annotations)
    {
        var older = annotations.Text("service.kubernetes.io/topology-aware-hints");
        return (older.Length > 0 ? older : annotations.Text("service.kubernetes.io/topology-mode")) is "Auto" or "auto";
    }

    private static ValueArray<IpFamily> ReadFamilies(JsonNode? spec)
    {
        var named = spec.Texts("ipFamilies").Select(name => IpFamily.All.FirstOrDefault(family => family.Name == name)).OfType<IpFamily>().ToList();
        if (named.Count == 0)
        {
            named = [.. spec.Texts("clusterIPs").Where(text => IpAddr.TryParse(text, out _)).Select(text => IpAddr.Parse(text).Family)];
        }

        return named.Count == 0 ? [IpFamily.V4] : named.ToValueArray();
    }

    private static TargetPort ReadPort(JsonObject port)
    {
        var target = port.IntOrText("targetPort");
        return new TargetPort(
            port.Text("name"),
            port.Text("protocol") is { Length: > 0 } protocol ? protocol : "TCP",
            port.Number(0, "port"),
            target.Length == 0 || target == "0" ? port.IntOrText("port") : target,
            port.Text("appProtocol"));
    }
}
