using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Namespace.</summary>
internal sealed class NamespaceKind : KindDefinition
{
    public override ResourceType Type { get; } = new("", "v1", "namespaces", "Namespace", false);

    public override IReadOnlyList<string> ShortNames => ["ns"];

    public override bool StatusSubresource => true;
}
