using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Fairlead.Ingress.Translate;

/// <summary>What of a request a <see cref="UrlTemplate"/> may have places for.</summary>
/// <param name="Scheme"><c>http</c> or <c>https</c>, as the client sees it.</param>
/// <param name="Host">The request's host, with its port where it has one.</param>
/// <param name="PathAndQuery">Path and query, percent-encoded; begins with a slash.</param>
public readonly record struct UrlParts(string Scheme, string Host, string PathAndQuery)
{
    /// <summary>The host without its port.</summary>
    public string HostName => Host.LastIndexOf(':') is > 0 and var colon && !Host.EndsWith(']') ? Host[..colon] : Host;
}

/// <summary>
/// An absolute http or https URL with places for parts of the request, written as ingress-nginx's users write them: <c>$scheme</c>, <c>$host</c>,
/// <c>$http_host</c>, <c>$request_uri</c>, <c>$escaped_request_uri</c> and their synonyms. No other variable is known, so none can say more of the
/// controller than a client knows.
/// </summary>
public sealed record UrlTemplate
{
    private static readonly UrlParts Sample = new("https", "sample.example.org", "/a?b=c");
    private readonly string[] _pieces;

    private UrlTemplate(string text, string[] pieces)
    {
        Text = text;
        _pieces = pieces;
    }

    /// <summary>The template as it was written.</summary>
    public string Text { get; }

    /// <summary>It has a place for the request's host: whoever chooses the host chooses where this leads.</summary>
    public bool NamesHost => _pieces.Any(piece => piece is "$host" or "$http_host" or "$best_http_host");

    /// <summary>Reads a template; false when it is no absolute http or https URL, names a user, or has characters that a header could not carry safely.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out UrlTemplate? template)
    {
        template = Read(text);
        return template is not null && IsAbsolute(template.Expand(Sample)) || Fail(out template);
    }

    /// <summary>As <see cref="TryParse"/>, and a path (one slash first) is accepted too.</summary>
    public static bool TryParseOrPath(string text, [NotNullWhen(true)] out UrlTemplate? template)
    {
        template = Read(text);
        return template is not null && template.Expand(Sample) is var sample && (IsAbsolute(sample) || sample is ['/', not '/', ..] or "/") || Fail(out template);
    }

    /// <summary>The URL for a request.</summary>
    public string Expand(in UrlParts request)
    {
        if (_pieces.Length == 1 && !_pieces[0].StartsWith('$'))
        {
            return Text;
        }

        var url = new StringBuilder();
        foreach (var piece in _pieces)
        {
            url.Append(piece.StartsWith('$') ? Variable(piece, request) : piece);
        }

        return url.ToString();
    }

    /// <inheritdoc/>
    public bool Equals(UrlTemplate? other) => other is not null && Text == other.Text;

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The template as it was written.</summary>
    public override string ToString() => Text;

    private static bool Fail(out UrlTemplate? template)
    {
        template = null;
        return false;
    }

    private static string? Variable(string name, in UrlParts request) => name switch
    {
        "$scheme" or "$pass_access_scheme" => request.Scheme,
        "$host" => request.HostName,
        "$http_host" or "$best_http_host" => request.Host,
        "$request_uri" => request.PathAndQuery,
        "$escaped_request_uri" => Uri.EscapeDataString(request.PathAndQuery),
        _ => null,
    };

    private static UrlTemplate? Read(string text)
    {
        var pieces = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            var end = text[at] == '$' ? at + 1 + Letters(text.AsSpan(at + 1)) : at + Literal(text.AsSpan(at));
            var piece = text[at..end];
            if (end == at || (text[at] == '$' && Variable(piece, Sample) is null))
            {
                return null;
            }

            pieces.Add(piece);
            at = end;
        }

        return pieces.Count == 0 ? null : new UrlTemplate(text, [.. pieces]);
    }

    private static int Letters(ReadOnlySpan<char> text) => text.IndexOfAnyExcept(VariableCharacters) is >= 0 and var end ? end : text.Length;

    private static int Literal(ReadOnlySpan<char> text) => text.IndexOfAnyExcept(UrlCharacters) is >= 0 and var end ? end : text.Length;

    // What RFC 3986 lets stand in a URL, without the quote.
    private static readonly System.Buffers.SearchValues<char> UrlCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!&()*+,;=%");

    private static readonly System.Buffers.SearchValues<char> VariableCharacters = System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz_");

    private static bool IsAbsolute(string url) =>
        (url.StartsWith("https://", StringComparison.Ordinal) || url.StartsWith("http://", StringComparison.Ordinal))
        && Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && uri.Host.Length > 0 && uri.UserInfo.Length == 0 && !url.Contains(":///", StringComparison.Ordinal);
}
