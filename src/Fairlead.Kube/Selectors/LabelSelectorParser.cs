using System.Buffers;

namespace Fairlead.Kube.Selectors;

/// <summary>
/// Reads label selectors in their text form (apimachinery pkg/labels): requirements joined by commas, each <c>key</c>, <c>!key</c>, <c>key=value</c>,
/// <c>key==value</c>, <c>key!=value</c>, <c>key in (a,b)</c> or <c>key notin (a,b)</c>.
/// </summary>
public static class LabelSelectorParser
{
    private const int LongestPart = 63;
    private const int LongestPrefix = 253;

    private static readonly SearchValues<char> PrefixLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-.");

    /// <summary>The selector; an empty text selects everything.</summary>
    /// <exception cref="FormatException">The text is no selector; the message says where.</exception>
    public static LabelSelector Parse(string text)
    {
        var requirements = new List<LabelRequirement>();
        foreach (var part in Split(text))
        {
            requirements.Add(Requirement(part.Trim(), text));
        }

        return requirements.Count == 0 ? LabelSelector.Everything : new LabelSelector(requirements);
    }

    /// <summary>True when <paramref name="key"/> is a label key: a name of 63 characters at most, optionally behind a DNS prefix and a slash.</summary>
    public static bool IsKey(ReadOnlySpan<char> key)
    {
        var slash = key.IndexOf('/');
        if (slash >= 0)
        {
            var prefix = key[..slash];
            if (prefix.IsEmpty || prefix.Length > LongestPrefix || prefix.IndexOfAnyExcept(PrefixLetters) >= 0)
            {
                return false;
            }
        }

        var name = key[(slash + 1)..];
        return !name.IsEmpty && IsName(name);
    }

    /// <summary>True when <paramref name="value"/> is a label value: empty, or 63 letters, digits, '-', '_' and '.' at most, an alphanumeric at both ends.</summary>
    public static bool IsValue(ReadOnlySpan<char> value) => value.IsEmpty || IsName(value);

    private static bool IsName(ReadOnlySpan<char> name)
    {
        if (name.Length > LongestPart || !char.IsAsciiLetterOrDigit(name[0]) || !char.IsAsciiLetterOrDigit(name[^1]))
        {
            return false;
        }

        foreach (var letter in name)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_' or '.'))
            {
                return false;
            }
        }

        return true;
    }

    private static IEnumerable<string> Split(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            yield break;
        }

        var (start, depth) = (0, 0);
        for (var i = 0; i < text.Length; i++)
        {
            depth += text[i] switch { '(' => 1, ')' => -1, _ => 0 };
            if (depth is < 0 or > 1)
            {
                throw new FormatException($"unbalanced parentheses in \"{text}\"");
            }

            if (text[i] == ',' && depth == 0)
            {
                yield return text[start..i];
                start = i + 1;
            }
        }

        if (depth != 0)
        {
            throw new FormatException($"unbalanced parentheses in \"{text}\"");
        }

        yield return text[start..];
    }

    private static LabelRequirement Requirement(string part, string whole)
    {
        if (part.StartsWith('!'))
        {
            return new LabelRequirement(Key(part[1..].Trim(), whole), LabelOperator.DoesNotExist, []);
        }

        var at = part.AsSpan().IndexOfAny('=', '!', '(');
        if (at < 0)
        {
            return new LabelRequirement(Key(part, whole), LabelOperator.Exists, []);
        }

        if (part[at] == '(')
        {
            return Membership(part, at, whole);
        }

        var unequal = part[at] == '!';
        var length = part.AsSpan(at).StartsWith("==") || part.AsSpan(at).StartsWith("!=") ? 2 : 1;
        if (unequal && length == 1)
        {
            throw new FormatException($"found '!', expected: in, notin, =, ==, != in \"{whole}\"");
        }

        return new LabelRequirement(
            Key(part[..at].Trim(), whole), unequal ? LabelOperator.NotIn : LabelOperator.In, [Value(part[(at + length)..].Trim(), whole)]);
    }

    private static LabelRequirement Membership(string part, int open, string whole)
    {
        var words = part[..open].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        LabelOperator? kind = words.Length != 2 ? null : words[1] switch { "in" => LabelOperator.In, "notin" => LabelOperator.NotIn, _ => null };
        if (kind is null || !part.EndsWith(')'))
        {
            throw new FormatException($"\"{part}\" of \"{whole}\": expected: KEY in (A,B) or KEY notin (A,B)");
        }

        string[] values = [.. part[(open + 1)..^1].Split(',').Select(value => Value(value.Trim(), whole)).Distinct()];
        return new LabelRequirement(Key(words[0], whole), kind.Value, values);
    }

    private static string Key(string key, string whole) => IsKey(key)
        ? key
        : throw new FormatException($"\"{key}\" of \"{whole}\" is no label key: [PREFIX/]NAME, NAME of letters, digits, '-', '_' and '.'");

    private static string Value(string value, string whole) => IsValue(value)
        ? value
        : throw new FormatException($"\"{value}\" of \"{whole}\" is no label value: at most 63 letters, digits, '-', '_' and '.'");
}
