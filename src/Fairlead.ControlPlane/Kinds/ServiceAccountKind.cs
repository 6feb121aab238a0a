using Fairlead.Kube.Client;
using Fairlead.Kube.Schema;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind ServiceAccount: an identity for pods.</summary>
internal sealed class ServiceAccountKind : KindDefinition
{
    public override ResourceType Type => ResourceTypes.ServiceAccounts;

    public override IReadOnlyList<string> ShortNames => ["sa"];

    public override IReadOnlyList<ApiSubresource> Subresources { get; } =
        [new("token", "authentication.k8s.io", "v1", "TokenRequest", ["create"])];
}
