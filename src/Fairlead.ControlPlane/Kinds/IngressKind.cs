using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Ingress.</summary>
internal sealed class IngressKind : KindDefinition
{
    public override ResourceType Type { get; } = new("networking.k8s.io", "v1", "ingresses", "Ingress", true);

    public override IReadOnlyList<string> ShortNames => ["ing"];

    public override bool StatusSubresource => true;

    public override bool CountsGeneration => true;
}
