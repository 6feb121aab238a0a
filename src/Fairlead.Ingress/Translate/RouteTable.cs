namespace Fairlead.Ingress.Translate;

/// <summary>
/// Routes by host. One writer replaces the routes of a host at a time, in one step; requests read without a lock. A change costs its hosts, a lookup two
/// dictionary accesses at most before the path's.
/// </summary>
public sealed class RouteTable
{
    // The name of what serves all hosts.
    private const string Anyone = "";

    private readonly HostMap<HostRoutes> _hosts = new();
    private volatile HostRoutes? _anyones;
    private volatile Route? _default;

    /// <summary>Where what matches nothing else goes: the oldest default backend; null: nowhere.</summary>
    public Route? Default
    {
        get => _default;
        internal set => _default = value;
    }

    /// <summary>The hosts that have routes, with them, in no order.</summary>
    public IEnumerable<KeyValuePair<string, HostRoutes>> Hosts => _anyones is { } anyones ? _hosts.All.Append(KeyValuePair.Create(Anyone, anyones)) : _hosts.All;

    /// <summary>
    /// The route of a request; null when there is none. Routes of the exact host come before those of the wildcard of its parent, those before the routes
    /// of all hosts: a host with rules of its own takes no path from a wider one.
    /// </summary>
    /// <param name="host">The request's host without port; a dot at its end does not count, nor does its case.</param>
    /// <param name="path">Its path, beginning with a slash, without query.</param>
    public Route? Match(ReadOnlySpan<char> host, ReadOnlySpan<char> path) => (Find(host)?.Match(path)) ?? Default;

    /// <summary>Replaces the routes of a host; null removes it.</summary>
    internal void Set(string host, HostRoutes? routes)
    {
        if (host == Anyone)
        {
            _anyones = routes;
        }
        else
        {
            _hosts.Set(host, routes);
        }
    }

    /// <summary>The routes that a host's requests are matched with; null: none. A host has no port; a dot at its end does not count, nor does its case.</summary>
    public HostRoutes? Find(ReadOnlySpan<char> host) => _hosts.TryFind(host, out var routes) ? routes : _anyones;
}
