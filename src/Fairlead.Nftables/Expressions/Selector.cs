namespace Fairlead.Nftables.Expressions;

/// <summary>Something read from a packet or its connection: a closed family, the left side of matches and the key of lookups.</summary>
public abstract record Selector
{
    private protected Selector()
    {
    }

    /// <summary>The type of a single value; a concatenation has several and answers through <see cref="Types"/>.</summary>
    public abstract Seq<FieldType> Types { get; }

    /// <summary>Concatenates values into one key: <c>ip daddr . meta l4proto . th dport</c>.</summary>
    public static Concat Of(params ReadOnlySpan<Selector> parts) => new(parts.ToArray().ToSeq());
}

/// <summary>A header field: <see cref="Payload"/> lists them.</summary>
public sealed record PayloadSelector(PayloadField Field) : Selector
{
    /// <inheritdoc/>
    public override Seq<FieldType> Types => [Field.Type];
}

/// <summary>A property of the packet's buffer: <see cref="Meta"/> lists them.</summary>
public sealed record MetaSelector(MetaKey Key) : Selector
{
    /// <inheritdoc/>
    public override Seq<FieldType> Types => [Meta.TypeOf(Key)];
}

/// <summary>A property of the packet's connection: <see cref="Ct"/> lists them.</summary>
public sealed record CtSelector(CtKey Key) : Selector
{
    /// <inheritdoc/>
    public override Seq<FieldType> Types => [Ct.TypeOf(Key)];
}

/// <summary>What the routing table says: <see cref="Fib"/> lists the questions.</summary>
public sealed record FibSelector(FibQuestion Question) : Selector
{
    /// <inheritdoc/>
    public override Seq<FieldType> Types => [Question == FibQuestion.ReversePathExists ? FieldType.Boolean : FieldType.FibAddress];
}

/// <summary>A random number from 0 to <paramref name="Modulus"/> - 1.</summary>
public sealed record NumgenSelector(uint Modulus) : Selector
{
    /// <inheritdoc/>
    public override Seq<FieldType> Types => [FieldType.Integer];
}

/// <summary>Several values, one after the other, as one key.</summary>
public sealed record Concat(Seq<Selector> Parts) : Selector
{
    /// <inheritdoc/>
    public override Seq<FieldType> Types
    {
        get
        {
            var types = new FieldType[Parts.Count];
            for (var i = 0; i < types.Length; i++)
            {
                types[i] = Parts[i].Types[0];
            }

            return types.ToSeq();
        }
    }
}
