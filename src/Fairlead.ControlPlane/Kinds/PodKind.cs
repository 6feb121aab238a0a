using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Pod.</summary>
internal sealed class PodKind : KindDefinition
{
    public override ResourceType Type { get; } = new("", "v1", "pods", "Pod", true);

    public override IReadOnlyList<string> ShortNames => ["po"];

    public override IReadOnlyList<string> Categories => ["all"];

    public override bool StatusSubresource => true;

    public override bool CountsGeneration => true;

    public override int GracePeriodSeconds => 30;
}
