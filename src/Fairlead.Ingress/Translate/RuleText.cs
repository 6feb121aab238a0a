using System.Globalization;
using System.Text;

namespace Fairlead.Ingress.Translate;

/// <summary>Hosts and paths of rules: what they must be to be served, whoever wrote them past the API server's own checks.</summary>
internal static class RuleText
{
    private const int MaxHost = 253;
    private const int MaxLabel = 63;
    private const int MaxQuoted = 200;

    /// <summary>A DNS name in lower case, or <c>*.</c> before one.</summary>
    public static bool IsHost(string host)
    {
        var name = host.AsSpan(host.StartsWith("*.", StringComparison.Ordinal) ? 2 : 0);
        if (name.Length is 0 || host.Length > MaxHost)
        {
            return false;
        }

        foreach (var range in name.Split('.'))
        {
            var label = name[range];
            if (label.Length is 0 or > MaxLabel || label[0] == '-' || label[^1] == '-' || label.ContainsAnyExcept(HostCharacters))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Begins with a slash, and has no control character, neither as it is nor as %XX.</summary>
    public static bool IsPath(string path)
    {
        if (!path.StartsWith('/') || path.Any(char.IsControl))
        {
            return false;
        }

        for (var at = path.IndexOf('%', StringComparison.Ordinal); at >= 0; at = path.IndexOf('%', at + 1))
        {
            if (at + 2 < path.Length && byte.TryParse(path.AsSpan(at + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
                && value is < 0x20 or 0x7F)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A path of a Prefix as it is compared: without slashes at its end, <c>/</c> for all.</summary>
    public static string Prefix(string path) => path.TrimEnd('/') is { Length: > 0 } rest ? rest : "/";

    /// <summary>A user's text for a message of one line: control characters as \uXXXX, and no more than fits one.</summary>
    public static string Quoted(string text)
    {
        if (text.Length <= MaxQuoted && !text.Any(char.IsControl))
        {
            return text;
        }

        var quoted = new StringBuilder();
        foreach (var character in text.AsSpan(0, Math.Min(text.Length, MaxQuoted)))
        {
            _ = char.IsControl(character) ? quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:X4}") : quoted.Append(character);
        }

        return text.Length > MaxQuoted ? $"{quoted}…" : quoted.ToString();
    }

    private static readonly System.Buffers.SearchValues<char> HostCharacters = System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
}
