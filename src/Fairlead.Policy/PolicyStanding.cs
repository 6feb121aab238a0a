namespace Fairlead.Policy;

/// <summary>Whose policies a node's packet filter holds.</summary>
public enum PolicyStanding
{
    /// <summary>Nothing was found there and the cluster is not listed yet: the node's pod range is closed.</summary>
    Closed,

    /// <summary>Those of an earlier run, since the cluster is not listed yet. An address of the pod range that it knew nothing of is closed.</summary>
    Kept,

    /// <summary>The packet filter refused the last change: what was there before stays, and it is tried again.</summary>
    Refused,

    /// <summary>The newest that is known is in force, but some connections that it allows no longer could not be cut; it is tried again.</summary>
    Uncut,

    /// <summary>The newest that is known.</summary>
    InForce,
}
