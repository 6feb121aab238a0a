using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Node.</summary>
internal sealed class NodeKind : KindDefinition
{
    public override ResourceType Type { get; } = new("", "v1", "nodes", "Node", false);

    public override IReadOnlyList<string> ShortNames => ["no"];

    public override bool StatusSubresource => true;
}
