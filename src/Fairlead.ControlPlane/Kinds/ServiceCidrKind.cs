using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind ServiceCIDR.</summary>
internal sealed class ServiceCidrKind : KindDefinition
{
    public override ResourceType Type { get; } = new("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", false);

    public override bool StatusSubresource => true;

    public override bool CountsGeneration => true;
}
