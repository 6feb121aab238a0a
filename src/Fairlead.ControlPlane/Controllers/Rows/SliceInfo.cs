using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Documents;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Rows;

/// <summary>One port of a slice.</summary>
internal sealed record SlicePort(string Name, string Protocol, int Port, string AppProtocol);

/// <summary>One endpoint of a slice (discovery.k8s.io/v1 Endpoint). <see cref="PodUid"/> is empty when no pod stands behind it.</summary>
internal sealed record SliceAddress
{
    public required string Address { get; init; }

    public bool Ready { get; init; }

    public bool Serving { get; init; }

    public bool Terminating { get; init; }

    public string Hostname { get; init; } = "";

    public string NodeName { get; init; } = "";

    public string Zone { get; init; } = "";

    public ObjectKey Pod { get; init; }

    public string PodUid { get; init; } = "";

    public ValueArray<string> ForZones { get; init; }

    public ValueArray<string> ForNodes { get; init; }
}

/// <summary>An EndpointSlice, whole, as its controller writes it.</summary>
internal sealed record SliceInfo : IObjectRow
{
    public const string ServiceLabel = "kubernetes.io/service-name";
    public const string ManagedByLabel = "endpointslice.kubernetes.io/managed-by";

    public required RowMeta Meta { get; init; }

    public string AddressType { get; init; } = "";

    public ValueArray<SlicePort> Ports { get; init; }

    public ValueArray<SliceAddress> Addresses { get; init; }

    public string ManagedBy => Meta.Labels[ManagedByLabel] ?? "";

    /// <summary>The Service it belongs to; the default value when it says none.</summary>
    public ObjectKey Service => Meta.Labels[ServiceLabel] is { } name ? new ObjectKey(Meta.Key.Namespace, name) : default;

    public static SliceInfo Read(JsonObject slice) => new()
    {
        Meta = RowMeta.From(slice),
        AddressType = slice.Text("addressType"),
        Ports = slice.Objects("ports").Select(port =>
            new SlicePort(port.Text("name"), port.Text("protocol"), port.Number(0, "port"), port.Text("appProtocol"))).ToValueArray(),
        Addresses = slice.Objects("endpoints").Select(ReadAddress).ToValueArray(),
    };

    private static SliceAddress ReadAddress(JsonObject endpoint)
    {
        var isPod = endpoint.Text("targetRef", "kind") == "Pod";
        return new SliceAddress
        {
            Address = endpoint.Texts("addresses") is [var address, ..] ? address : "",
            Ready = endpoint.Flag("conditions", "ready"),
            Serving = endpoint.Flag("conditions", "serving"),
            Terminating = endpoint.Flag("conditions", "terminating"),
            Hostname = endpoint.Text("hostname"),
            NodeName = endpoint.Text("nodeName"),
            Zone = endpoint.Text("zone"),
            Pod = isPod ? new ObjectKey(endpoint.Text("targetRef", "namespace"), endpoint.Text("targetRef", "name")) : default,
            PodUid = isPod ? endpoint.Text("targetRef", "uid") : "",
            ForZones = endpoint.Objects("hints", "forZones").Select(zone => zone.Text("name")).ToValueArray(),
            ForNodes = endpoint.Objects("hints", "forNodes").Select(node => node.Text("name")).ToValueArray(),
        };
    }
}
