using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Secret.</summary>
internal sealed class SecretKind : KindDefinition
{
    public override ResourceType Type { get; } = new("", "v1", "secrets", "Secret", true);
}
