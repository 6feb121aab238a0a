namespace Fairlead.Nftables.Expressions;

/// <summary>Where a statement takes the value from that it writes: a closed family.</summary>
public abstract record Source
{
    private protected Source()
    {
    }
}

/// <summary>A value known when the rule is made.</summary>
public sealed record Constant(Datum Value) : Source;

/// <summary>A value read from the packet: <c>meta mark set ct mark</c>.</summary>
public sealed record Loaded(Selector Selector) : Source;

/// <summary>A number read from the packet and changed under a mask: <c>(value &amp; Keep) ^ Xor</c>.</summary>
public sealed record Changed(Selector Selector, uint Keep, uint Xor) : Source;

/// <summary>A value looked up in a map of data; on a miss the rule ends and the next one is tried.</summary>
public sealed record FromMap(Selector Key, string Map) : Source;
