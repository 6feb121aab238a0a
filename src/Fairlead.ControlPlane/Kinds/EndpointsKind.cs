using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Endpoints.</summary>
internal sealed class EndpointsKind : KindDefinition
{
    public override ResourceType Type { get; } = new("", "v1", "endpoints", "Endpoints", true);

    public override IReadOnlyList<string> ShortNames => ["ep"];
}
