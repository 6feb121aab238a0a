using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Server;

/// <summary>The open connections of one listening socket, and which of them have had no query for longest.</summary>
/// <param name="most">Connections at once.</param>
/// <param name="mostPerClient">Connections at once from one address.</param>
internal sealed class TcpConnections(int most, int mostPerClient)
{
    private readonly Lock _gate = new();

    // Those with no query under way, the one that has been so for longest first. A connection that has not sent one whole query yet is among them.
    private readonly LinkedList<TcpConnection> _idle = [];
    private readonly Dictionary<IpAddr, int> _clients = [];
    private int _count;

    /// <summary>Takes a connection in.</summary>
    /// <param name="connection">The newcomer.</param>
    /// <param name="replaced">One that is to be ended to make room; null: there is room.</param>
    /// <returns>False: its address has too many, or every connection has a query under way.</returns>
    public bool TryEnter(TcpConnection connection, out TcpConnection? replaced)
    {
        lock (_gate)
        {
            replaced = null;
            var own = _clients.GetValueOrDefault(connection.Client);
            if (own >= mostPerClient || (_count >= most && _idle.First is null))
            {
                return false;
            }

            if (_count >= most)
            {
                replaced = _idle.First!.Value;
                Remove(replaced);
            }

            _count++;
            _clients[connection.Client] = _clients.GetValueOrDefault(connection.Client) + 1;
            connection.Place = _idle.AddLast(connection);
            return true;
        }
    }

    /// <summary>A query of the connection is under way.</summary>
    public void Begin(TcpConnection connection)
    {
        lock (_gate)
        {
            connection.InFlight++;
            if (connection.Place is { List: not null } place)
            {
                _idle.Remove(place);
            }
        }
    }

    /// <summary>A query of the connection is done with.</summary>
    public void End(TcpConnection connection)
    {
        lock (_gate)
        {
            if (--connection.InFlight == 0 && connection.Place is { } place)
            {
                _idle.AddLast(place);
            }
        }
    }

    /// <summary>The connection is gone.</summary>
    public void Leave(TcpConnection connection)
    {
        lock (_gate)
        {
            if (connection.Place is not null)
            {
                Remove(connection);
            }
        }
    }

    private void Remove(TcpConnection connection)
    {
        if (connection.Place is { List: not null } place)
        {
            _idle.Remove(place);
        }

        connection.Place = null;
        _count--;
        var left = _clients[connection.Client] - 1;
        _clients[connection.Client] = left;
        if (left == 0)
        {
            _clients.Remove(connection.Client);
        }
    }
}
