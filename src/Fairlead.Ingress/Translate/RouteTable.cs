using System.Collections.Concurrent;

namespace Fairlead.Ingress.Translate;

/// <summary>
/// Routes by host. One writer replaces the routes of a host at a time, in one step; requests read without a lock. A change costs its hosts, a lookup two
/// dictionary accesses at most before the path's.
/// </summary>
public sealed class RouteTable
{
    private const int MaxHost = 253;

    private readonly ConcurrentDictionary<string, HostRoutes> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, HostRoutes>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private volatile Route? _default;

    /// <summary>Makes an empty table.</summary>
    public RouteTable() => _bySpan = _hosts.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Where what matches nothing else goes: the oldest default backend; null: nowhere.</summary>
    public Route? Default
    {
        get => _default;
        internal set => _default = value;
    }

    /// <summary>The hosts that have routes, with them, in no order.</summary>
    public IEnumerable<KeyValuePair<string, HostRoutes>> Hosts => _hosts;

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
        if (routes is null)
        {
            _hosts.TryRemove(host, out _);
        }
        else
        {
            _hosts[host] = routes;
        }
    }

    /// <summary>The routes that a host's requests are matched with; null: none. A host has no port; a dot at its end does not count, nor does its case.</summary>
    public HostRoutes? Find(ReadOnlySpan<char> host)
    {
        if (host.Length > 0 && host[^1] == '.')
        {
            host = host[..^1];
        }

        if (host.Length > 0 && _bySpan.TryGetValue(host, out var exact))
        {
            return exact;
        }

        // A DNS name has 253 characters at most; what is longer has no rule.
        if (host.IndexOf('.') is > 0 and var dot && host.Length <= MaxHost)
        {
            Span<char> wildcard = stackalloc char[MaxHost + 1];
            wildcard[0] = '*';
            host[dot..].CopyTo(wildcard[1..]);
            if (_bySpan.TryGetValue(wildcard[..(host.Length - dot + 1)], out var wide))
            {
                return wide;
            }
        }

        return _hosts.GetValueOrDefault("");
    }

}
