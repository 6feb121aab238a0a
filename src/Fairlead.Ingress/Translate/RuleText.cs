using System.Buffers;
using System.Globalization;
using Fairlead.Ingress.Translate.Annotations;

namespace Fairlead.Ingress.Translate;

/// <summary>Hosts and paths of rules: what they must be to be served, whoever wrote them past the API server's own checks.</summary>
internal static class RuleText
{
    private const int MaxHost = 253;
    private const int MaxLabel = 63;

    private static readonly SearchValues<char> HostCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

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

    /// <summary>A host, a path or a name for people: the longest that the API server takes of hosts and names is shown whole.</summary>
    public static string Shown(string text) => AnnotationSet.Shown(text, MaxHost);

    /// <summary>A path of a Prefix as it is compared: without slashes at its end, <c>/</c> for all.</summary>
    public static string Prefix(string path) => path.TrimEnd('/') is { Length: > 0 } rest ? rest : "/";
}
