using Fairlead.Kube.Selectors;

namespace Fairlead.ControlPlane.Registry;

/// <summary>Reads the equality part of label selectors.</summary>
internal static class LabelSelectorParser
{
    /// <summary>The selector of a text such as <c>a=b,c</c>.</summary>
    /// <exception cref="FormatException">Not a selector.</exception>
    public static LabelSelector Parse(string text) => new([.. text.Split(',').Select(Term)]);

    private static LabelRequirement Term(string term)
    {
        var parts = term.Split('=', 2);
        return parts.Length == 2
            ? new LabelRequirement(parts[0].Trim(), LabelOperator.In, [parts[1].TrimStart('=').Trim()])
            : new LabelRequirement(parts[0].Trim(), LabelOperator.Exists, []);
    }
}
