using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Addresses;

/// <summary>A ServiceCIDR.</summary>
internal sealed record ServiceRangeInfo : IObjectRow
{
    /// <summary>Keeps a range while addresses of it are in use.</summary>
    public const string Finalizer = "networking.k8s.io/service-cidr-finalizer";

    public required RowMeta Meta { get; init; }

    public ValueArray<IpNet> Ranges { get; init; }

    /// <summary>Status of condition Ready; empty when there is none.</summary>
    public string Ready { get; init; } = "";

    public bool IsProtected => Meta.Finalizers.Contains(Finalizer);

    public bool Contains(IpAddr address) => Ranges.Any(range => range.Contains(address));

    public static ServiceRangeInfo Read(JsonObject item) => new()
    {
        Meta = RowMeta.From(item),
        Ranges = item.Texts("spec", "cidrs").Where(text => IpNet.TryParse(text, out _)).Select(IpNet.Parse).ToValueArray(),
        Ready = item.Objects("status", "conditions").Where(condition => condition.Text("type") == "Ready")
            .Select(condition => condition.Text("status")).FirstOrDefault(""),
    };
}
