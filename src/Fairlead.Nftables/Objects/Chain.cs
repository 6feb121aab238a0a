namespace Fairlead.Nftables.Objects;

/// <summary>What a base chain is for (<c>NFTA_CHAIN_TYPE</c>).</summary>
public enum ChainType
{
    /// <summary>Sees every packet of its hook.</summary>
    Filter,

    /// <summary>Sees the first packet of every connection and may translate it.</summary>
    Nat,

    /// <summary>As filter, at output; a changed mark or address has the packet routed anew.</summary>
    Route,
}

/// <summary>Where in the network stack a base chain is called (<c>enum nf_inet_hooks</c>).</summary>
public enum Hook
{
    /// <summary>On arrival, before routing.</summary>
    Prerouting = 0,

    /// <summary>After routing, for this machine.</summary>
    Input = 1,

    /// <summary>After routing, for another machine.</summary>
    Forward = 2,

    /// <summary>Sent by a process of this machine.</summary>
    Output = 3,

    /// <summary>On departure.</summary>
    Postrouting = 4,
}

/// <summary>Priorities by nft's names; a hook calls its chains in ascending order (<c>enum nf_ip_hook_priorities</c>).</summary>
public static class Priority
{
    /// <summary>Before connection tracking.</summary>
    public const int Raw = -300;

    /// <summary>Where packets are marked.</summary>
    public const int Mangle = -150;

    /// <summary>Where destinations are translated.</summary>
    public const int Dstnat = -100;

    /// <summary>Where packets are filtered.</summary>
    public const int Filter = 0;

    /// <summary>Where sources are translated.</summary>
    public const int Srcnat = 100;
}

/// <summary>What makes a chain a base chain: the hook that calls it, and what happens to a packet that comes out at its end.</summary>
/// <param name="Type">What the chain is for.</param>
/// <param name="Hook">The hook that calls it.</param>
/// <param name="Priority">Its place among the hook's chains, as in <see cref="Objects.Priority"/>.</param>
/// <param name="DropsByDefault">Policy drop; otherwise accept.</param>
public sealed record BaseChain(ChainType Type, Hook Hook, int Priority, bool DropsByDefault = false);

/// <summary>A chain of rules. With <see cref="Base"/> the kernel calls it, without it other chains do by jump or goto.</summary>
public sealed record Chain(string Name, BaseChain? Base = null) : NftObject
{
    /// <inheritdoc/>
    public override string Title => $"chain {Name}";

    internal override string? Problem()
    {
        if (NameProblem("chain", Name) is { } problem)
        {
            return problem;
        }

        return Base switch
        {
            { Type: ChainType.Nat, Hook: Hook.Forward } => $"{Title}: a nat chain cannot hook forward",
            { Type: ChainType.Route, Hook: not Hook.Output } => $"{Title}: a route chain hooks output only",
            // Connection tracking is looked up at -200: before that there is nothing to translate (nft_chain_validate_hooks).
            { Type: ChainType.Nat, Priority: <= -200 } => $"{Title}: a nat chain's priority is above -200",
            _ => null,
        };
    }
}
