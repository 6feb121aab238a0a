using Fairlead.Cluster.Model;

namespace Fairlead.Ingress.Translate;

/// <summary>
/// The routes of one host. Exact paths by one lookup; prefixes by one for each element of the request's path, the longest first: what a request costs
/// depends on its own path, and not even on that beyond the longest prefix there is; never on how many routes there are.
/// </summary>
public sealed class HostRoutes
{
    private readonly Dictionary<string, Route>.AlternateLookup<ReadOnlySpan<char>>? _exact;
    private readonly Dictionary<string, Route>.AlternateLookup<ReadOnlySpan<char>>? _prefixes;
    private readonly Route? _all;
    private readonly int _longestPrefix;

    /// <summary>Makes them of routes of which no two have the same path and type.</summary>
    /// <param name="routes">The routes of paths; prefixes end with no slash but the one of <c>/</c>.</param>
    /// <param name="otherwise">Where what matches none of them goes; null: nowhere that this host knows of.</param>
    /// <exception cref="ArgumentException">Two have.</exception>
    public HostRoutes(IReadOnlyCollection<Route> routes, Route? otherwise = null)
    {
        (Routes, Otherwise) = (routes, otherwise);
        _exact = Lookup(routes.Where(route => route.Type == PathType.Exact));
        _prefixes = Lookup(routes.Where(route => route.Type != PathType.Exact));
        _all = _prefixes is { } prefixes && prefixes.TryGetValue("/", out var all) ? all : null;
        _longestPrefix = routes.Where(route => route.Type != PathType.Exact).Select(route => route.Path.Length).DefaultIfEmpty().Max();
    }

    /// <summary>All routes of paths.</summary>
    public IReadOnlyCollection<Route> Routes { get; }

    /// <summary>Where what matches none of them goes: the default backend of the oldest Ingress that has rules for this host and one; null: none has.</summary>
    public Route? Otherwise { get; }

    /// <summary>
    /// The route of a path: of all that match the longest, an exact one before a prefix of the same length; else <see cref="Otherwise"/>. A prefix matches
    /// whole elements: <c>/a/b</c> matches /a/b, /a/b/ and /a/b/c, not /a/bc. Case counts, and so does an empty element: /a//b is not /a/b.
    /// </summary>
    /// <param name="path">The request's path, beginning with a slash, without query. Any other is matched by what matches all paths alone.</param>
    public Route? Match(ReadOnlySpan<char> path)
    {
        // An exact path is as long as the request's: no prefix is longer.
        if (_exact is { } exact && exact.TryGetValue(path, out var route))
        {
            return route;
        }

        return (_prefixes is { } prefixes && path.StartsWith('/') ? Longest(prefixes, path.TrimEnd('/')) : null) ?? _all ?? Otherwise;
    }

    private Route? Longest(Dictionary<string, Route>.AlternateLookup<ReadOnlySpan<char>> prefixes, ReadOnlySpan<char> path)
    {
        // What is longer than any prefix is not worth a lookup: a path of a thousand slashes costs no more than one of few.
        var rest = path.Length > _longestPrefix ? Parent(path[..(_longestPrefix + 1)]) : path;
        while (rest.Length > 0)
        {
            if (prefixes.TryGetValue(rest, out var route))
            {
                return route;
            }

            rest = Parent(rest);
        }

        return null;
    }

    /// <summary>Without the last element. Of a text that ends with a slash, the last element is the empty one behind it.</summary>
    private static ReadOnlySpan<char> Parent(ReadOnlySpan<char> path) => path[..Math.Max(path.LastIndexOf('/'), 0)];

    private static Dictionary<string, Route>.AlternateLookup<ReadOnlySpan<char>>? Lookup(IEnumerable<Route> routes)
    {
        var byPath = routes.ToDictionary(route => route.Path, StringComparer.Ordinal);
        return byPath.Count == 0 ? null : byPath.GetAlternateLookup<ReadOnlySpan<char>>();
    }
}
