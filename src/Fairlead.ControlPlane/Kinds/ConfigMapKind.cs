using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind ConfigMap.</summary>
internal sealed class ConfigMapKind : KindDefinition
{
    public override ResourceType Type { get; } = new("", "v1", "configmaps", "ConfigMap", true);

    public override IReadOnlyList<string> ShortNames => ["cm"];
}
