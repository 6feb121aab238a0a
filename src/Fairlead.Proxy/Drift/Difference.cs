using Fairlead.Nftables.Text;
using Fairlead.Proxy.Frontends;
using Fairlead.Proxy.Nftables;

namespace Fairlead.Proxy.Drift;

/// <summary>How the kernel differs from the plan in one place.</summary>
internal enum DifferenceKind
{
    /// <summary>Planned, and not there.</summary>
    Missing,

    /// <summary>There, but not as planned.</summary>
    Changed,

    /// <summary>There, and not planned.</summary>
    Stray,
}

/// <summary>One element, chain or set in which the kernel differs from the plan. Put into words only when somebody asks: a flushed table has many.</summary>
internal sealed record Difference(DifferenceKind Kind)
{
    /// <summary>The element the kernel holds.</summary>
    public Placed? Actual { get; init; }

    /// <summary>The element planned.</summary>
    public Placed? Wanted { get; init; }

    /// <summary>What it is about when it is no element.</summary>
    public string What { get; init; } = "";

    /// <summary>The slot it concerns; -1: none.</summary>
    public int Slot { get; init; } = -1;

    /// <summary>Of a slot: one of those for traffic from outside that stays on this node.</summary>
    public bool IsLocal { get; init; }

    /// <summary>In nft's words where it has some: <c>missing: map services4 { 10.96.0.1 . tcp . 80 : 0:2 }</c>.</summary>
    public override string ToString() => $"{Kind.ToString().ToLowerInvariant()}: {this switch
    {
        { What.Length: > 0 } => What,
        { Actual: { } actual, Wanted: { } wanted } => $"{Text(actual)} instead of {Text(wanted)}",
        _ => Text((Actual ?? Wanted)!.Value),
    }}";

    private static string Text(Placed placed) => $"{placed.Container.Title} {{ {RulesetText.Render(placed.Container, placed.Element)} }}";
}

/// <summary>Every difference between the kernel's table and the plan, by the object it concerns.</summary>
internal sealed class TableDrift
{
    private const int ObjectsNamed = 5;

    /// <summary>By frontend. What several share counts for each.</summary>
    public Dictionary<FrontendKey, List<Difference>> Frontends { get; } = [];

    /// <summary>The node's own ranges.</summary>
    public List<Difference> Node { get; } = [];

    /// <summary>Chains, sets and maps of all Services alike, and elements that no object asks for.</summary>
    public List<Difference> Table { get; } = [];

    /// <summary>The kernel holds exactly what is planned.</summary>
    public bool IsEmpty => Frontends.Count == 0 && Node.Count == 0 && Table.Count == 0;

    /// <summary>Those of one frontend.</summary>
    public IReadOnlyList<Difference> Of(FrontendKey key) => Frontends.TryGetValue(key, out var found) ? found : [];

    /// <summary>The first objects concerned, each with one of its differences, and how many more there are.</summary>
    /// <param name="serviceOf">Names the Service of a frontend.</param>
    public string Objects(Func<FrontendKey, string> serviceOf)
    {
        var all = Frontends.GroupBy(pair => $"Service {serviceOf(pair.Key)}", pair => pair.Value[0]).Select(service => $"{service.Key}: {service.First()}")
            .Concat(Node.Take(1).Select(difference => $"Node: {difference}"))
            .Concat(Table.Take(1).Select(difference => $"Table: {difference}")).Order(StringComparer.Ordinal).ToList();
        return string.Join("; ", all.Take(ObjectsNamed)) + (all.Count > ObjectsNamed ? $"; and {all.Count - ObjectsNamed} more" : "");
    }

    /// <summary>What this has and another reading had too.</summary>
    /// <param name="other">The other; null: there was none.</param>
    /// <param name="counts">Whose differences count: not those of a frontend that was being changed.</param>
    public TableDrift Also(TableDrift? other, Func<FrontendKey, bool> counts)
    {
        var both = new TableDrift();
        foreach (var (key, differences) in Frontends.Where(pair => counts(pair.Key)))
        {
            foreach (var difference in other is null ? differences : differences.Intersect(other.Of(key)))
            {
                both.Add(key, difference);
            }
        }

        both.Node.AddRange(other is null ? Node : Node.Intersect(other.Node));
        both.Table.AddRange(other is null ? Table : Table.Intersect(other.Table));
        return both;
    }

    /// <summary>Adds one of a frontend's.</summary>
    public void Add(FrontendKey key, Difference difference)
    {
        if (!Frontends.TryGetValue(key, out var list))
        {
            Frontends[key] = list = [];
        }

        list.Add(difference);
    }
}
