using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind NetworkPolicy.</summary>
internal sealed class NetworkPolicyKind : KindDefinition
{
    public override ResourceType Type { get; } = new("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true);

    public override IReadOnlyList<string> ShortNames => ["netpol"];

    public override bool CountsGeneration => true;
}
