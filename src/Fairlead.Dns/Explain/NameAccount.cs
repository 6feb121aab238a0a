using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Explain;

/// <summary>What must become of a name, and why.</summary>
/// <param name="Code">The code that follows from the reasons; null: whatever an upstream says.</param>
/// <param name="Reasons">Why, the most telling first.</param>
internal sealed record NameAccount(ResponseCode? Code, IReadOnlyList<string> Reasons)
{
    /// <summary>Who knows, unless an upstream was asked.</summary>
    public string Source { get; init; } = "the cluster's objects";

    /// <summary>The name stands for this one, and what that answers is the answer; empty: for none.</summary>
    public string Alias { get; init; } = "";

    /// <summary>The next plugin is asked, since this one knows nothing of the name.</summary>
    public bool Passes { get; init; }

    /// <summary>The name exists.</summary>
    public static NameAccount Exists(params IEnumerable<string> reasons) => new(ResponseCode.NoError, [.. reasons]);

    /// <summary>The name does not exist.</summary>
    public static NameAccount Missing(params IEnumerable<string> reasons) => new(ResponseCode.NxDomain, [.. reasons]);

    /// <summary>The same with further reasons behind its own.</summary>
    public NameAccount With(params IEnumerable<string> reasons) => this with { Reasons = [.. Reasons, .. reasons] };
}
