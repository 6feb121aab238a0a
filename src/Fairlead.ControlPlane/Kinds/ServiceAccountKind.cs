using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind ServiceAccount: an identity for pods.</summary>
internal sealed class ServiceAccountKind : KindDefinition
{
    public override ResourceType Type => ResourceTypes.ServiceAccounts;

    public override IReadOnlyList<string> ShortNames => ["sa"];
}
