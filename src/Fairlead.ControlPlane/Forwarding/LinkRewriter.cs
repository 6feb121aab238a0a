using System.Collections.Frozen;
using System.Text;

namespace Fairlead.ControlPlane.Forwarding;

/// <summary>
/// Makes the links of a proxied page lead through the proxy again: absolute paths, and URLs of the server itself, get the proxy's path in front.
/// </summary>
/// <param name="prefix">The proxy's path, up to and with <c>/proxy</c>.</param>
/// <param name="target">Host and port of the server.</param>
/// <param name="host">Host and port as the client asked for them.</param>
internal sealed class LinkRewriter(string prefix, string target, string host)
{
    /// <summary>The attributes that hold a URL, by element (HTML 4 and 5, as upstream's proxy knows them).</summary>
    private static readonly FrozenDictionary<string, string[]> Attributes = new Dictionary<string, string[]>
    {
        ["a"] = ["href"],
        ["applet"] = ["codebase"],
        ["area"] = ["href"],
        ["audio"] = ["src"],
        ["base"] = ["href"],
        ["blockquote"] = ["cite"],
        ["body"] = ["background"],
        ["button"] = ["formaction"],
        ["command"] = ["icon"],
        ["del"] = ["cite"],
        ["embed"] = ["src"],
        ["form"] = ["action"],
        ["frame"] = ["longdesc", "src"],
        ["head"] = ["profile"],
        ["html"] = ["manifest"],
        ["iframe"] = ["longdesc", "src"],
        ["img"] = ["longdesc", "src", "usemap"],
        ["input"] = ["formaction", "src", "usemap"],
        ["ins"] = ["cite"],
        ["link"] = ["href"],
        ["object"] = ["classid", "codebase", "data", "usemap"],
        ["q"] = ["cite"],
        ["script"] = ["src"],
        ["source"] = ["src"],
        ["video"] = ["poster", "src"],
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>Elements whose content is no markup.</summary>
    private static readonly FrozenSet<string> RawText =
        FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "script", "style", "textarea", "title", "xmp", "noembed", "noframes");

    /// <summary>One URL; those of other servers and relative ones stay as they are.</summary>
    public string Rewrite(string url)
    {
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        var start = url.StartsWith("//", StringComparison.Ordinal) ? 2 : scheme > 0 && scheme < FirstOf(url, "/?#") ? scheme + 3 : 0;
        var end = start == 0 ? 0 : start + FirstOf(url[start..], "/?#");
        var (origin, server, path) = (url[..end], url[start..end], url[end..]);
        if ((server.Length > 0 && server != target && server != host) || !path.StartsWith('/'))
        {
            return url;
        }

        var kept = server == host ? origin : "";
        return path.StartsWith(prefix, StringComparison.Ordinal) ? kept + path : kept + prefix + path;
    }

    /// <summary>A page; all but the URLs of its links stays byte for byte, in whatever superset of ASCII it is written.</summary>
    public byte[] RewritePage(ReadOnlySpan<byte> page)
    {
        var text = Encoding.Latin1.GetString(page);
        var output = new StringBuilder(text.Length + 256);
        var at = 0;
        while (text.IndexOf('<', at) is var open and >= 0)
        {
            output.Append(text, at, open - at);
            at = open + 1 < text.Length && char.IsAsciiLetter(text[open + 1]) ? Tag(text, open, output) : Other(text, open, output);
        }

        return Encoding.Latin1.GetBytes(output.Append(text, at, text.Length - at).ToString());
    }

    /// <summary>Copies a comment whole, and of anything else its first character.</summary>
    private static int Other(string text, int open, StringBuilder output)
    {
        var end = open + 1;
        if (string.CompareOrdinal(text, open, "<!--", 0, 4) == 0)
        {
            var close = text.IndexOf("-->", open + 4, StringComparison.Ordinal);
            end = close < 0 ? text.Length : close + 3;
        }

        output.Append(text, open, end - open);
        return end;
    }

    /// <summary>Copies a tag with its URLs rewritten; returns where what follows begins, behind the content of a script and the like.</summary>
    private int Tag(string text, int open, StringBuilder output)
    {
        var at = Skip(text, open + 1, letter => !IsSpace(letter) && letter is not ('/' or '>'));
        var name = text[(open + 1)..at];
        var attributes = Attributes.GetValueOrDefault(name, []);
        output.Append(text, open, at - open);
        while (at < text.Length && text[at] != '>')
        {
            at = Attribute(text, at, attributes, output);
        }

        var end = Math.Min(at + 1, text.Length);
        if (RawText.Contains(name))
        {
            var close = text.IndexOf($"</{name}", end, StringComparison.OrdinalIgnoreCase);
            end = close < 0 ? text.Length : close;
        }

        output.Append(text, at, end - at);
        return end;
    }

    private int Attribute(string text, int at, string[] attributes, StringBuilder output)
    {
        var begin = Skip(text, at, letter => IsSpace(letter) || letter == '/');
        var nameEnd = Skip(text, begin, letter => !IsSpace(letter) && letter is not ('=' or '/' or '>'));
        var equals = Skip(text, nameEnd, IsSpace);
        if (equals >= text.Length || text[equals] != '=')
        {
            // No value; of a name that is none the first character, so that every step leads on.
            var next = nameEnd > at ? nameEnd : at + 1;
            output.Append(text, at, next - at);
            return next;
        }

        var value = Skip(text, equals + 1, IsSpace);
        var quote = value < text.Length && text[value] is '"' or '\'' ? text[value] : '\0';
        var first = quote == '\0' ? value : value + 1;
        var end = quote == '\0'
            ? Skip(text, first, letter => !IsSpace(letter) && letter != '>')
            : text.IndexOf(quote, first) is var close and >= 0 ? close : text.Length;
        output.Append(text, at, first - at);
        var url = text[first..end];
        output.Append(attributes.Contains(text[begin..nameEnd], StringComparer.OrdinalIgnoreCase) ? Rewrite(url) : url);
        return end < text.Length && quote != '\0' ? Copy(text, end, output) : end;
    }

    private static int Copy(string text, int at, StringBuilder output)
    {
        output.Append(text[at]);
        return at + 1;
    }

    private static int Skip(string text, int at, Func<char, bool> what)
    {
        while (at < text.Length && what(text[at]))
        {
            at++;
        }

        return at;
    }

    private static bool IsSpace(char letter) => letter is ' ' or '\t' or '\n' or '\r' or '\f';

    private static int FirstOf(string text, string letters) => text.AsSpan().IndexOfAny(letters) is var at and >= 0 ? at : text.Length;
}
