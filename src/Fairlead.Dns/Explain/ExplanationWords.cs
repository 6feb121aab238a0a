using System.Globalization;
using Fairlead.Cluster.Naming;

namespace Fairlead.Dns.Explain;

/// <summary>Words that explanations share: lists, counts, and names that were perhaps meant.</summary>
internal static class ExplanationWords
{
    private const int MaxNamed = 5;

    /// <summary>The first five, and how many more there are.</summary>
    public static string List(IEnumerable<string> texts)
    {
        var all = texts.ToList();
        return string.Join(", ", all.Take(MaxNamed)) + (all.Count > MaxNamed ? string.Create(CultureInfo.InvariantCulture, $" and {all.Count - MaxNamed} more") : "");
    }

    /// <summary><c>1 pod</c>, <c>2 pods</c>.</summary>
    public static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

    /// <summary>A zone as people write it.</summary>
    public static string Zone(string zone) => zone.Length == 0 ? "." : zone;

    /// <summary>One may be meant by the other: it begins the other, or differs in few letters.</summary>
    public static bool IsClose(string left, string right) =>
        Math.Min(left.Length, right.Length) >= 3
        && (left.StartsWith(right, StringComparison.Ordinal) || right.StartsWith(left, StringComparison.Ordinal) || Edits.AtMost(left, right, Math.Max(1, right.Length / 4)));
}
