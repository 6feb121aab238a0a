namespace Fairlead.Kube.Schema;

/// <summary>How strategic merge treats the fields of one type of object.</summary>
public interface IMergeKeys
{
    /// <summary>The rule for a field; null when the field is not known: then objects merge and lists are replaced.</summary>
    MergeRule? Rule(string field);
}

/// <summary>How strategic merge treats one field.</summary>
/// <param name="MergesList">True when list items are merged; false when a list is replaced.</param>
/// <param name="MergeKey">The field by which items of a merged list are matched; empty for a list of scalars, which is a set.</param>
/// <param name="RetainsKeys">True when <c>$retainKeys</c> is honoured.</param>
/// <param name="Element">Rules within the object, the list's items or the map's values; null for scalars.</param>
public sealed record MergeRule(bool MergesList, string MergeKey, bool RetainsKeys, IMergeKeys? Element);
