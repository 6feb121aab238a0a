using Fairlead.Nftables.Objects;

namespace Fairlead.Nftables.Transactions;

/// <summary>What a <see cref="Transaction"/> does with an object.</summary>
public enum Verb
{
    /// <summary>Makes it exist; nothing happens when it does.</summary>
    Add,

    /// <summary>Makes it; an error when it exists.</summary>
    Create,

    /// <summary>Puts a rule before the others of its chain.</summary>
    Insert,

    /// <summary>Removes it; an error when it does not exist.</summary>
    Delete,

    /// <summary>Removes it if it exists.</summary>
    Destroy,

    /// <summary>Empties it: a table or chain of its rules, a set or map of its elements.</summary>
    Flush,
}

/// <summary>One step of a transaction.</summary>
public readonly record struct Operation(Verb Verb, NftObject Object)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Verb.ToString().ToLowerInvariant()} {Object.Title}";
}

/// <summary>
/// Changes to one table that happen all at once or not at all. Building never throws: every object is validated as it is added, the first error is
/// kept in <see cref="Error"/> and a commit reports it.
/// </summary>
public sealed class Transaction
{
    private readonly List<Operation> _operations = [];

    /// <summary>Begins changes to <paramref name="table"/>.</summary>
    public Transaction(Table table)
    {
        Table = table;
        Error = table.Problem();
    }

    /// <summary>The table everything belongs to.</summary>
    public Table Table { get; }

    /// <summary>The first mistake, or null.</summary>
    public string? Error { get; private set; }

    /// <summary>The steps in order.</summary>
    public IReadOnlyList<Operation> Operations => _operations;

    /// <summary>Nothing to do.</summary>
    public bool IsEmpty => _operations.Count == 0;

    /// <summary>Number of objects, elements counted singly.</summary>
    public int Size { get; private set; }

    /// <summary>
    /// Makes <paramref name="item"/> exist. Needs what it refers to. An element that exists with another value is an error at commit; a rule is appended.
    /// </summary>
    public Transaction Add(NftObject item) => Do(Verb.Add, item);

    /// <summary>Makes <paramref name="item"/>. An error at commit when it exists. Not for rules, which have no name.</summary>
    public Transaction Create(NftObject item) => Do(Verb.Create, item);

    /// <summary>Puts a rule before the others of its chain.</summary>
    public Transaction Insert(Rule rule) => Do(Verb.Insert, rule);

    /// <summary>
    /// Removes <paramref name="item"/> (a chain with its rules, a set with its elements). An error at commit when it does not exist or something still
    /// refers to it. Not for rules: flush their chain.
    /// </summary>
    public Transaction Delete(NftObject item) => Do(Verb.Delete, item);

    /// <summary>Removes <paramref name="item"/> if it exists. Not for rules and elements: whoever deletes those knows they are there.</summary>
    public Transaction Destroy(NftObject item) => Do(Verb.Destroy, item);

    /// <summary>Empties <paramref name="item"/>: a table or chain of its rules, a set or map of its elements.</summary>
    public Transaction Flush(NftObject item) => Do(Verb.Flush, item);

    private Transaction Do(Verb verb, NftObject item)
    {
        if (item is Elements { Items.Count: 0 } || Error is not null)
        {
            return this;
        }

        Error = ForbiddenProblem(verb, item) ?? item.Problem() ?? (verb is Verb.Add or Verb.Create ? (item as Elements)?.ValueProblem() : null);
        if (item is Table table && table != Table)
        {
            Error = $"{table.Title} is not the transaction's {Table.Title}";
        }

        _operations.Add(new Operation(verb, item));
        Size += item is Elements elements ? elements.Items.Count : 1;
        return this;
    }

    private static string? ForbiddenProblem(Verb verb, NftObject item)
    {
        var allowed = (verb, item) switch
        {
            (Verb.Add, _) => true,
            (Verb.Create, not Rule) => true,
            (Verb.Insert, Rule) => true,
            (Verb.Delete, not Rule) => true,
            (Verb.Destroy, Objects.Table or Chain or Container) => true,
            (Verb.Flush, Objects.Table or Chain or Container) => true,
            _ => false,
        };
        return allowed ? null : $"cannot {new Operation(verb, item)}";
    }
}
