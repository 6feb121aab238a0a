namespace Fairlead.Nftables.Objects;

/// <summary>
/// A table of family inet (IPv4 and IPv6 alike): the unit of ownership. Each room owns one and touches no other.
/// The name starts with <c>fairlead-</c>; any other is refused, so that no code path can reach a stranger's table.
/// </summary>
public sealed record Table(string Name) : NftObject
{
    /// <summary>What every table of ours is called first.</summary>
    public const string Prefix = "fairlead-";

    /// <inheritdoc/>
    public override string Title => $"table inet {Name}";

    internal override string? Problem() =>
        Name.StartsWith(Prefix, StringComparison.Ordinal) ? NameProblem("table", Name) : $"table '{Name}' is not ours: ours start with '{Prefix}'";
}
