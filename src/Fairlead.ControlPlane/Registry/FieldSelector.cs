using System.Text;

namespace Fairlead.ControlPlane.Registry;

/// <summary>One term of a field selector: a field that must, or must not, have a value. A field that is not set has the value "".</summary>
internal sealed record FieldTerm(string Field, string Value, bool Equal);

/// <summary>Reads field selectors (apimachinery pkg/fields): <c>a=b</c>, <c>a==b</c>, <c>a!=b</c>, joined by commas; <c>\</c> escapes <c>\</c>, <c>,</c> and <c>=</c>.</summary>
internal static class FieldSelector
{
    /// <summary>The terms; none for an empty text.</summary>
    /// <exception cref="StatusException">400: the text is no field selector.</exception>
    public static IReadOnlyList<FieldTerm> Parse(string text)
    {
        var terms = new List<FieldTerm>();
        foreach (var part in Split(text))
        {
            if (part.Length > 0)
            {
                terms.Add(Term(part, text));
            }
        }

        return terms;
    }

    private static IEnumerable<string> Split(string text)
    {
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == ',')
            {
                yield return text[start..i];
                start = i + 1;
            }
        }

        yield return text[start..];
    }

    private static FieldTerm Term(string part, string whole)
    {
        for (var i = 0; i < part.Length; i++)
        {
            var (length, equal) = part[i] switch
            {
                '\\' => (-1, false),
                '!' when i + 1 < part.Length && part[i + 1] == '=' => (2, false),
                '=' => (i + 1 < part.Length && part[i + 1] == '=' ? 2 : 1, true),
                _ => (0, false),
            };
            if (length > 0)
            {
                return new FieldTerm(part[..i], Unescape(part[(i + length)..], whole), equal);
            }

            i -= Math.Min(length, 0);
        }

        throw StatusException.BadRequest($"invalid field selector \"{whole}\"; can't understand \"{part}\": write FIELD=VALUE or FIELD!=VALUE");
    }

    private static string Unescape(string value, string whole)
    {
        var text = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            var escaped = value[i] == '\\';
            if (escaped && (++i == value.Length || value[i] is not ('\\' or ',' or '=')))
            {
                throw StatusException.BadRequest($"invalid field selector \"{whole}\": a backslash may only escape \\ , and =");
            }

            if (!escaped && value[i] == '=')
            {
                throw StatusException.BadRequest($"invalid field selector \"{whole}\": unescaped = in value \"{value}\"");
            }

            text.Append(value[i]);
        }

        return text.ToString();
    }
}
