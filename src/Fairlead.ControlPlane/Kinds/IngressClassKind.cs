using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind IngressClass.</summary>
internal sealed class IngressClassKind : KindDefinition
{
    public override ResourceType Type { get; } = new("networking.k8s.io", "v1", "ingressclasses", "IngressClass", false);

    public override bool CountsGeneration => true;
}
