using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind ServiceAccount.</summary>
internal sealed class ServiceAccountKind : KindDefinition
{
    public override ResourceType Type { get; } = new("", "v1", "serviceaccounts", "ServiceAccount", true);

    public override IReadOnlyList<string> ShortNames => ["sa"];
}
