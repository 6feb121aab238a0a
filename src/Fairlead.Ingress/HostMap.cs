using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Ingress;

/// <summary>
/// Values by host, exact or <c>*.example.org</c> for any one label before example.org. One writer, any number of readers, without a lock; a lookup is two
/// dictionary accesses at most and allocates nothing.
/// </summary>
internal sealed class HostMap<TValue>
    where TValue : class
{
    // A DNS name has 253 characters at most; what is longer is nobody's.
    private const int MaxHost = 253;

    private readonly ConcurrentDictionary<string, TValue> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, TValue>.AlternateLookup<ReadOnlySpan<char>> _bySpan;

    public HostMap() => _bySpan = _values.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>All hosts and their values, in no order.</summary>
    public IEnumerable<KeyValuePair<string, TValue>> All => _values;

    /// <summary>The value of a host: its own before that of the wildcard of its parent.</summary>
    /// <param name="host">A name without port; one dot at its end is as none.</param>
    /// <param name="value">The value.</param>
    public bool TryFind(ReadOnlySpan<char> host, [NotNullWhen(true)] out TValue? value)
    {
        value = null;
        if (host is [.. var name, '.'])
        {
            host = name;
        }

        if (host.Length is 0 or > MaxHost)
        {
            return false;
        }

        if (_bySpan.TryGetValue(host, out value))
        {
            return true;
        }

        var dot = host.IndexOf('.');
        if (dot <= 0)
        {
            return false;
        }

        Span<char> wildcard = stackalloc char[MaxHost + 1];
        wildcard[0] = '*';
        host[dot..].CopyTo(wildcard[1..]);
        return _bySpan.TryGetValue(wildcard[..(host.Length - dot + 1)], out value);
    }

    /// <summary>Replaces the value of a host; null removes it.</summary>
    public void Set(string host, TValue? value)
    {
        if (value is null)
        {
            _values.TryRemove(host, out _);
        }
        else
        {
            _values[host] = value;
        }
    }
}
