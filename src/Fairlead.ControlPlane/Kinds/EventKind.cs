using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Event.</summary>
internal sealed class EventKind : KindDefinition
{
    public override ResourceType Type { get; } = new("", "v1", "events", "Event", true);

    public override IReadOnlyList<string> ShortNames => ["ev"];
}
