namespace Fairlead.Nftables.Expressions;

/// <summary>What a verdict does.</summary>
public enum VerdictKind
{
    /// <summary>The packet passes this hook's chain; later chains still see it.</summary>
    Accept,

    /// <summary>The packet is gone.</summary>
    Drop,

    /// <summary>The next rule.</summary>
    Continue,

    /// <summary>Back to the calling chain; at the end of a base chain, its policy.</summary>
    Return,

    /// <summary>On in another chain, coming back.</summary>
    Jump,

    /// <summary>On in another chain, not coming back.</summary>
    Goto,
}

/// <summary>A decision: the last statement of a rule, or the value of a verdict map's element.</summary>
public sealed record Verdict : Statement
{
    private Verdict(VerdictKind kind, string chain)
    {
        Kind = kind;
        Chain = chain;
    }

    /// <summary><c>accept</c>.</summary>
    public static Verdict Accept { get; } = new(VerdictKind.Accept, "");

    /// <summary><c>drop</c>.</summary>
    public static Verdict Drop { get; } = new(VerdictKind.Drop, "");

    /// <summary><c>continue</c>.</summary>
    public static Verdict Continue { get; } = new(VerdictKind.Continue, "");

    /// <summary><c>return</c>.</summary>
    public static Verdict Return { get; } = new(VerdictKind.Return, "");

    /// <summary>What it does.</summary>
    public VerdictKind Kind { get; }

    /// <summary>The chain to go to; empty unless jump or goto.</summary>
    public string Chain { get; }

    /// <summary><c>jump</c> to <paramref name="chain"/>.</summary>
    public static Verdict Jump(string chain) => new(VerdictKind.Jump, chain);

    /// <summary><c>goto</c> <paramref name="chain"/>.</summary>
    public static Verdict Goto(string chain) => new(VerdictKind.Goto, chain);
}
