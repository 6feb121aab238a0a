using System.Collections.Frozen;
using Fairlead.Cluster.Model;

namespace Fairlead.Ingress.Translate;

/// <summary>
/// The routes of one host. Exact paths by one lookup; prefixes by one for each element of the request's path, the longest first: what a request costs
/// depends on its own path, never on how many routes there are.
/// </summary>
public sealed class HostRoutes
{
    private readonly FrozenDictionary<string, Route> _exact;
    private readonly FrozenDictionary<string, Route>.AlternateLookup<ReadOnlySpan<char>> _exactBySpan;
    private readonly FrozenDictionary<string, Route>.AlternateLookup<ReadOnlySpan<char>> _prefixes;
    private readonly bool _hasPrefixes;

    /// <summary>Makes them of routes of which no two have the same path and type.</summary>
    /// <exception cref="ArgumentException">Two have.</exception>
    public HostRoutes(IReadOnlyCollection<Route> routes)
    {
        Routes = routes;
        _exact = routes.Where(route => route.Type == PathType.Exact).ToFrozenDictionary(route => route.Path, StringComparer.Ordinal);
        _exactBySpan = _exact.GetAlternateLookup<ReadOnlySpan<char>>();
        var prefixes = routes.Where(route => route.Type != PathType.Exact).ToFrozenDictionary(route => route.Path, StringComparer.Ordinal);
        _prefixes = prefixes.GetAlternateLookup<ReadOnlySpan<char>>();
        _hasPrefixes = prefixes.Count > 0;
    }

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<Route> Routes { get; }

    /// <summary>The route of a path: of all that match the longest, an exact one before a prefix of the same length; null when none does.</summary>
    /// <param name="path">The request's path, beginning with a slash, without query.</param>
    public Route? Match(ReadOnlySpan<char> path)
    {
        if (_exact.Count > 0 && _exactBySpan.TryGetValue(path, out var exact))
        {
            return exact;
        }

        if (!_hasPrefixes)
        {
            return null;
        }

        var rest = path.TrimEnd('/');
        while (rest.Length > 0)
        {
            if (_prefixes.TryGetValue(rest, out var route))
            {
                return route;
            }

            rest = rest[..rest.LastIndexOf('/')];
        }

        return _prefixes.TryGetValue("/", out var root) ? root : null;
    }
}
