using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Service.</summary>
internal sealed class ServiceKind : KindDefinition
{
    public override ResourceType Type { get; } = new("", "v1", "services", "Service", true);

    public override IReadOnlyList<string> ShortNames => ["svc"];

    public override IReadOnlyList<string> Categories => ["all"];

    public override bool StatusSubresource => true;
}
