using Fairlead.Cluster.Model;

namespace Fairlead.Policy.Findings;

/// <summary>How sure a finding is.</summary>
public enum FindingSeverity
{
    /// <summary>It may be meant so, or what is missing may come yet.</summary>
    Hint,

    /// <summary>It does not do what whoever wrote it will have meant.</summary>
    Warning,
}

/// <summary>A mistake of an object, or what looks like one.</summary>
/// <param name="Code">Which mistake: one of <see cref="FindingCode"/>. Never changes its meaning.</param>
/// <param name="Severity">How sure it is.</param>
/// <param name="Kind">Kind of the object: NetworkPolicy, ClusterNetworkPolicy or Service.</param>
/// <param name="Object">The object.</param>
/// <param name="Path">The field, as kubectl explain and JSONPath name it.</param>
/// <param name="Words">What is wrong, in one sentence without a full stop.</param>
/// <param name="Hint">What to do, in one sentence without a full stop; empty when nobody can know.</param>
public sealed record Finding(string Code, FindingSeverity Severity, string Kind, ObjectKey Object, string Path, string Words, string Hint)
{
    /// <summary>The finding in one line, as kubectl shows it behind <c>Warning:</c>.</summary>
    public string Line => $"{Path}: {Words}{(Hint.Length > 0 ? $"; {Hint}" : "")} ({Code})";
}
