using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind IPAddress.</summary>
internal sealed class IPAddressKind : KindDefinition
{
    public override ResourceType Type { get; } = new("networking.k8s.io", "v1", "ipaddresses", "IPAddress", false);

    public override IReadOnlyList<string> ShortNames => ["ip"];

    public override bool CountsGeneration => true;
}
