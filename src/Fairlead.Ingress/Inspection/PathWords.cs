using Fairlead.Cluster.Model;
using Fairlead.Ingress.Translate;

namespace Fairlead.Ingress.Inspection;

/// <summary>Why a path is not the one that serves a request, in words. Pure.</summary>
public static class PathWords
{
    /// <summary>Whether a path matches, by the code that serves.</summary>
    public static bool Matches(Route route, string path) => new HostRoutes([route]).Match(path) is not null;

    /// <summary>Why not; empty: it is nothing like it.</summary>
    /// <param name="other">A path of the host.</param>
    /// <param name="winner">The one that serves; null: none does.</param>
    /// <param name="path">The request's.</param>
    public static string WhyNot(Route other, Route? winner, string path)
    {
        if (Matches(other, path))
        {
            return winner is null ? "" : winner.Path.Length > other.Path.Length ? $"it matches too, and {winner.Path} is longer" : "it matches too, and of the same length an exact path comes first";
        }

        var asPrefix = other with { Path = RuleText.Prefix(other.Path), Type = PathType.Prefix };
        return other.Type == PathType.Exact && path.TrimEnd('/') == other.Path.TrimEnd('/') ? $"it is exact, and a slash at the end counts: {other.Path} is not {path}"
            : other.Type == PathType.Exact && other.Path != "/" && Matches(asPrefix, path) ? "it is exact: nothing below it matches"
            : Matches(Lower(other), path.ToLowerInvariant()) ? "upper and lower case differ"
            : other.Type != PathType.Exact && path.StartsWith(other.Path, StringComparison.Ordinal) ? $"{path} begins with it, but a prefix matches whole elements"
            : path.Contains("//", StringComparison.Ordinal) && Matches(other, Collapsed(path)) ? "an empty element counts: // is not /"
            : "";
    }

    private static Route Lower(Route route) => route with { Path = route.Path.ToLowerInvariant() };

    private static string Collapsed(string path) => $"/{string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries))}";
}
