namespace Fairlead.Policy.Evaluate;

/// <summary>Parts of a rule that do not fit a connection.</summary>
[Flags]
public enum MissedParts
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The protocol or the port.</summary>
    Port = 1,

    /// <summary>The labels of the pod on the other side.</summary>
    Pods = 2,

    /// <summary>The namespace of the pod on the other side.</summary>
    Namespace = 4,

    /// <summary>The address of the other side: in no range of the peer, or of no node it selects, or not a pod's where the peer selects pods.</summary>
    Address = 8,
}

/// <summary>The rule that came nearest to allowing a refused connection.</summary>
/// <param name="Rule">Where it stands; its peer and its port are those that came nearest.</param>
/// <param name="Misses">What would have to be different, in words: "it allows TCP 80, not TCP 8080".</param>
public sealed record NearMiss(RuleReference Rule, string Misses)
{
    /// <summary>Which parts of the peer and of the ports do not fit: with these different, and nothing else, the rule allows the connection.</summary>
    public MissedParts Parts { get; init; }
}
