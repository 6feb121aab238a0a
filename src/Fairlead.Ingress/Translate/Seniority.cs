using Fairlead.Cluster.Model;

namespace Fairlead.Ingress.Translate;

/// <summary>Who of two Ingresses has what both ask for: the older; of two as old, the one whose namespace and name come first.</summary>
internal readonly record struct Seniority(DateTimeOffset CreatedAt, ObjectKey Key) : IComparable<Seniority>
{
    public static Seniority Of(IngressRow row) => new(row.CreatedAt, row.Key);

    public int CompareTo(Seniority other)
    {
        var byAge = CreatedAt.CompareTo(other.CreatedAt);
        return byAge != 0 ? byAge : Key.CompareTo(other.Key);
    }

    /// <summary>Whose it is and why not a later one's, in words.</summary>
    public string Over(Seniority later) => $"{RuleText.Shown($"{Key}")}'s, {(CreatedAt < later.CreatedAt ? "which is older" : "which is as old and comes first by name")}";
}
