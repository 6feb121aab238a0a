using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind EndpointSlice.</summary>
internal sealed class EndpointSliceKind : KindDefinition
{
    public override ResourceType Type { get; } = new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true);

    public override bool CountsGeneration => true;
}
