using System.Text.RegularExpressions;

namespace Fairlead.Testing.Nftables;

/// <summary>Brings a table's text to one form, so that ours and nft's can be compared: sets and chains by name, elements sorted, no numbers that move.</summary>
public static partial class RulesetNormal
{
    public static string Of(string text)
    {
        var flat = Elements().Replace(text, match => "elements = {" + string.Join(", ", SortedElements(match.Groups[1].Value)) + "}");
        flat = Expires().Replace(flat, "");
        flat = Counters().Replace(flat, "counter packets 0 bytes 0");
        var blocks = Blocks().Matches(flat).Select(block => block.Value.TrimEnd()).Order(StringComparer.Ordinal);
        return flat[..(flat.IndexOf('{', StringComparison.Ordinal) + 1)] + "\n" + string.Join('\n', blocks) + "\n}\n";
    }

    private static IEnumerable<string> SortedElements(string elements) =>
        elements.Split(',').Select(element => Spaces().Replace(element, " ").Trim()).Order(StringComparer.Ordinal);

    [GeneratedRegex(@"elements = \{([^}]*)\}")]
    private static partial Regex Elements();

    [GeneratedRegex(@" expires \S+")]
    private static partial Regex Expires();

    [GeneratedRegex(@"counter packets \d+ bytes \d+")]
    private static partial Regex Counters();

    [GeneratedRegex(@"^\t(?:set|map|chain) [^\n]*\{\n(?:\t\t[^\n]*\n)*\t\}$", RegexOptions.Multiline)]
    private static partial Regex Blocks();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
