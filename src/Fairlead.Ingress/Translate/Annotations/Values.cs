using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Ingress.Translate.Annotations;

/// <summary>Reads the text of an annotation; false when it is none of what is asked for.</summary>
internal delegate bool TryRead<T>(string text, [MaybeNullWhen(false)] out T value);

/// <summary>
/// The kinds of values annotations have. Whatever is read as text has no control characters, quotes, backslashes or white space in it: it is safe in a
/// header and in a URL.
/// </summary>
internal static class Values
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const string Digits = "0123456789";

    // RFC 9110 §5.6.2; the quote is a token character there, but no header or method has it.
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create(Letters + Digits + "!#$%&*+-.^_`|~");
    private static readonly SearchValues<char> LetterCharacters = SearchValues.Create(Letters);
    private static readonly SearchValues<char> PathCharacters = SearchValues.Create(Letters + Digits + "-._~/:@!&()*+=%");
    private static readonly SearchValues<char> AuthorityCharacters = SearchValues.Create(Letters + Digits + "-._:[]");
    private static readonly SearchValues<char> LabelCharacters = SearchValues.Create(Letters + Digits + "-_");

    // The longest that .NET and nginx both measure.
    private const int MostSeconds = int.MaxValue / 1000;

    /// <summary>A boolean as Go's strconv.ParseBool has it, which is what ingress-nginx reads it by.</summary>
    public static bool Bool(string text, out bool value)
    {
        value = text is "1" or "t" or "T" or "TRUE" or "true" or "True";
        return value || text is "0" or "f" or "F" or "FALSE" or "false" or "False";
    }

    /// <summary>A size in bytes as nginx writes it: digits, and k, m or g in either case.</summary>
    public static bool Size(string text, out long value)
    {
        value = 0;
        var shift = text.Length == 0 ? 0 : text[^1] switch { 'k' or 'K' => 10, 'm' or 'M' => 20, 'g' or 'G' => 30, _ => 0 };
        if (!long.TryParse(shift == 0 ? text : text.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count > long.MaxValue >> shift)
        {
            return false;
        }

        value = count << shift;
        return true;
    }

    /// <summary>Whole seconds, one at least. What is longer than 24 days is taken as 24 days.</summary>
    public static bool Seconds(string text, out TimeSpan value)
    {
        var read = Count(text, out var seconds) && seconds > 0;
        value = TimeSpan.FromSeconds(Math.Min(seconds, MostSeconds));
        return read;
    }

    /// <summary>A whole number, 0 at least.</summary>
    public static bool Count(string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    /// <summary>The code of a redirection.</summary>
    public static bool RedirectCode(string text, out int value) => Count(text, out value) && value is >= 300 and <= 308;

    /// <summary>A token (RFC 9110 §5.6.2): the name of a header, a method, or a cookie.</summary>
    public static bool Token(string text, [MaybeNullWhen(false)] out string value)
    {
        value = text;
        return text.Length > 0 && !text.AsSpan().ContainsAnyExcept(TokenCharacters);
    }

    /// <summary>Names of headers, with commas between.</summary>
    public static bool Headers(string text, out ValueArray<string> value) => List(text, Token, out value);

    /// <summary>Methods, with commas between: words of letters.</summary>
    public static bool Methods(string text, out ValueArray<string> value) =>
        List(text, (string item, [MaybeNullWhen(false)] out string method) => Token(item, out method) && !item.AsSpan().ContainsAnyExcept(LetterCharacters), out value);

    /// <summary>A path: a slash, then what is no slash.</summary>
    public static bool Path(string text, [MaybeNullWhen(false)] out string value)
    {
        value = text;
        return text is "/" or ['/', not '/', ..] && !text.AsSpan().ContainsAnyExcept(PathCharacters);
    }

    /// <summary>A path, and perhaps a query.</summary>
    public static bool PathAndQuery(string text, [MaybeNullWhen(false)] out string value)
    {
        value = text;
        return Path(text.Replace("?", "", StringComparison.Ordinal), out _) && text[0] == '/';
    }

    /// <summary>A Host header: a name or an address, and perhaps a port.</summary>
    public static bool Authority(string text, [MaybeNullWhen(false)] out string value)
    {
        value = text;
        return text.Length is > 0 and <= 260 && !text.AsSpan().ContainsAnyExcept(AuthorityCharacters) && Uri.TryCreate($"http://{text}/", UriKind.Absolute, out _);
    }

    /// <summary>A DNS name.</summary>
    public static bool HostName(string text, [MaybeNullWhen(false)] out string value)
    {
        value = text.ToLowerInvariant();
        return text.Length is > 0 and <= 253 && text.Split('.').All(label => label.Length is > 0 and <= 63 && !label.AsSpan().ContainsAnyExcept(LabelCharacters));
    }

    /// <summary>The domain of a cookie: a DNS name, perhaps after a dot (RFC 6265 §5.2.3).</summary>
    public static bool CookieDomain(string text, [MaybeNullWhen(false)] out string value) => HostName(text is ['.', ..] ? text[1..] : text, out value);

    /// <summary>Hosts with commas between; one may begin with <c>*.</c>.</summary>
    public static bool Hosts(string text, out ValueArray<string> value) => List(text, Wildcard, out value);

    /// <summary>Origins with commas between: <c>*</c>, or http or https, a host that may begin with <c>*.</c>, and perhaps a port. In lower case.</summary>
    public static bool Origins(string text, out ValueArray<string> value) => List(text, Origin, out value);

    /// <summary>SameSite of a cookie.</summary>
    public static bool SameSite(string text, [MaybeNullWhen(false)] out string value)
    {
        value = text.ToUpperInvariant() switch { "STRICT" => "Strict", "LAX" => "Lax", "NONE" => "None", _ => null };
        return value is not null;
    }

    /// <summary>Ranges and addresses, with commas between.</summary>
    public static bool Nets(string text, out ValueArray<IpNet> value) => List(text, Net, out value);

    /// <summary>The word itself.</summary>
    public static TryRead<string> Word(params string[] words) => (string text, [MaybeNullWhen(false)] out string value) =>
    {
        value = text;
        return words.Contains(text, StringComparer.OrdinalIgnoreCase);
    };

    /// <summary>backend-protocol.</summary>
    public static bool Protocol(string text, out UpstreamProtocol value)
    {
        (value, var known) = text.ToUpperInvariant() switch
        {
            "HTTP" => (UpstreamProtocol.Http, true),
            "HTTPS" => (UpstreamProtocol.Https, true),
            "GRPC" => (UpstreamProtocol.Grpc, true),
            "GRPCS" => (UpstreamProtocol.Grpcs, true),
            "AUTO_HTTP" => (UpstreamProtocol.ByPort, true),
            _ => (UpstreamProtocol.ByPort, false),
        };
        return known;
    }

    private static bool Wildcard(string text, [MaybeNullWhen(false)] out string value)
    {
        value = text.ToLowerInvariant();
        return HostName(text.StartsWith("*.", StringComparison.Ordinal) ? text[2..] : text, out _);
    }

    private static bool Origin(string text, [MaybeNullWhen(false)] out string value)
    {
        value = text.ToLowerInvariant();
        var scheme = value.StartsWith("https://", StringComparison.Ordinal) ? 8 : value.StartsWith("http://", StringComparison.Ordinal) ? 7 : 0;
        if (value == "*" || scheme == 0)
        {
            return value == "*";
        }

        var host = value[scheme..];
        var colon = host.IndexOf(':', StringComparison.Ordinal);
        return colon < 0
            ? Wildcard(host, out _)
            : Wildcard(host[..colon], out _) && ushort.TryParse(host.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0;
    }

    private static bool Net(string text, out IpNet value)
    {
        if (IpNet.TryParse(text, out value))
        {
            return true;
        }

        var single = IpAddr.TryParse(text, out var address);
        value = single ? IpNet.Single(address) : default;
        return single;
    }

    // A comma at the end is forgiven; a list of nothing is not, nor one with a single item that cannot be read.
    private static bool List<T>(string text, TryRead<T> read, out ValueArray<T> value)
    {
        var items = new List<T>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!read(part, out var item))
            {
                value = default;
                return false;
            }

            items.Add(item);
        }

        value = items.ToValueArray();
        return items.Count > 0;
    }
}
