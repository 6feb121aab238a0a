using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Event.</summary>
internal sealed class EventsV1Kind : KindDefinition
{
    public override ResourceType Type { get; } = new("events.k8s.io", "v1", "events", "Event", true);

    public override IReadOnlyList<string> ShortNames => ["ev"];
}
