using Fairlead.Cluster.Model;
using Fairlead.State;

namespace Fairlead.Policy.Evaluate;

/// <summary>One direction of a verdict.</summary>
/// <param name="Allowed">The connection may be opened as far as this side is concerned.</param>
/// <param name="Isolating">The policies that isolate the side; none: everything is allowed.</param>
/// <param name="AllowedBy">The policy with the first rule that allows it; null when not isolated or not allowed.</param>
/// <param name="Rule">That rule's index in the policy, from 0; -1 when there is none.</param>
public sealed record PolicyDecision(bool Allowed, ValueArray<ObjectKey> Isolating, ObjectKey? AllowedBy, int Rule)
{
    /// <summary>No policy selects the side.</summary>
    public static PolicyDecision NotIsolated { get; } = new(true, default, null, -1);
}

/// <summary>Whether a connection may be opened: both sides must allow it.</summary>
/// <param name="Egress">What the policies of the opening pod say.</param>
/// <param name="Ingress">What the policies of the destination pod say.</param>
public sealed record PolicyVerdict(PolicyDecision Egress, PolicyDecision Ingress)
{
    /// <summary>Both directions allow it.</summary>
    public bool Allowed => Egress.Allowed && Ingress.Allowed;
}
