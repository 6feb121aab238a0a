using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Lease.</summary>
internal sealed class LeaseKind : KindDefinition
{
    public override ResourceType Type { get; } = new("coordination.k8s.io", "v1", "leases", "Lease", true);
}
