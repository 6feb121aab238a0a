namespace Fairlead.Nftables.Expressions;

/// <summary>
/// One step of a rule: a closed family at the level of the nft language. Every place that reads statements (text, netlink, tracer) is an exhaustive
/// switch over it, so a new one does not compile away silently.
/// </summary>
public abstract record Statement
{
    private protected Statement()
    {
    }

    /// <summary>What is wrong with it by itself, or null.</summary>
    internal virtual string? Problem() => null;
}
