using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Balancer.Allocate;

/// <summary>A Service, as far as its balancer addresses depend on it.</summary>
internal sealed record BalancedService : IObjectRow
{
    public const string Finalizer = "service.kubernetes.io/load-balancer-cleanup";

    public required RowMeta Meta { get; init; }

    /// <summary>spec.type is LoadBalancer.</summary>
    public bool IsLoadBalancer { get; init; }

    public string Class { get; init; } = "";

    /// <summary>spec.loadBalancerIP as written; empty when nothing is wished for.</summary>
    public string Wanted { get; init; } = "";

    /// <summary>spec.ipFamilies, the primary first.</summary>
    public ValueArray<IpFamily> Families { get; init; } = [IpFamily.V4];

    /// <summary>SingleStack, PreferDualStack or RequireDualStack.</summary>
    public string FamilyPolicy { get; init; } = "SingleStack";

    /// <summary>status.loadBalancer.ingress[].ip.</summary>
    public ValueArray<IpAddr> Addresses { get; init; }

    public bool HasFinalizer => Meta.Finalizers.Contains(Finalizer);

    public static BalancedService Read(JsonObject service)
    {
        var spec = service.At("spec");
        var families = spec.Texts("ipFamilies").Select(name => IpFamily.All.FirstOrDefault(family => family.Name == name)).OfType<IpFamily>().ToValueArray();
        return new BalancedService
        {
            Meta = RowMeta.From(service),
            IsLoadBalancer = spec.Text("type") == "LoadBalancer",
            Class = spec.Text("loadBalancerClass"),
            Wanted = spec.Text("loadBalancerIP"),
            Families = families.Count == 0 ? [IpFamily.V4] : families,
            FamilyPolicy = spec.Text("ipFamilyPolicy") is { Length: > 0 } policy ? policy : "SingleStack",
            Addresses = service.Objects("status", "loadBalancer", "ingress").Select(ingress => ingress.Text("ip"))
                .Where(text => IpAddr.TryParse(text, out _)).Select(IpAddr.Parse).ToValueArray(),
        };
    }
}
