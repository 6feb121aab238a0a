using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Deployment.</summary>
internal sealed class DeploymentKind : KindDefinition
{
    public override ResourceType Type { get; } = new("apps", "v1", "deployments", "Deployment", true);

    public override IReadOnlyList<string> ShortNames => ["deploy"];

    public override IReadOnlyList<string> Categories => ["all"];

    public override bool StatusSubresource => true;

    public override bool ScaleSubresource => true;

    public override bool CountsGeneration => true;
}
