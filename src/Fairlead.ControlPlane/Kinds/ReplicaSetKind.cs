using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind ReplicaSet.</summary>
internal sealed class ReplicaSetKind : KindDefinition
{
    public override ResourceType Type { get; } = new("apps", "v1", "replicasets", "ReplicaSet", true);

    public override IReadOnlyList<string> ShortNames => ["rs"];

    public override IReadOnlyList<string> Categories => ["all"];

    public override bool StatusSubresource => true;

    public override bool ScaleSubresource => true;

    public override bool CountsGeneration => true;
}
