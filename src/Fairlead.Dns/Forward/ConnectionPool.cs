namespace Fairlead.Dns.Forward;

/// <summary>The connections to one upstream. Questions share those that are open; another is opened when each has its fill.</summary>
/// <param name="open">Opens a stream.</param>
/// <param name="time">Clock.</param>
/// <param name="expire">How long an idle connection is kept.</param>
/// <param name="counters">What is counted.</param>
internal sealed class ConnectionPool(Func<CancellationToken, Task<Stream>> open, TimeProvider time, TimeSpan expire, UpstreamCounters counters) : IDisposable
{
    /// <summary>Questions under way on one connection.</summary>
    public const int MostPipelined = 128;

    private const int MostRetries = 2;

    // How long a server that seems to take one question at a time is believed to: it may merely have been restarted.
    private static readonly TimeSpan SingleTime = TimeSpan.FromHours(1);
    private readonly Lock _gate = new();
    private readonly List<StreamConnection> _connections = [];
    private long? _single;
    private bool _disposed;

    /// <summary>Asks over some connection, and over another if that one had ended without our knowing.</summary>
    /// <exception cref="IOException">The connection ended before the reply came.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">None can be opened.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The other side is not who it should be.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<byte[]> AskAsync(byte[] query, CancellationToken cancellationToken)
    {
        for (var retries = 0; ; retries++)
        {
            var (connection, question, isNew) = Rent(query);
            try
            {
                return await connection.AskAsync(question, cancellationToken);
            }
            catch (IOException) when (retries < MostRetries && (!isNew || connection.Answered > 0 || connection.EndedAmidQuestions))
            {
                Learn(connection);
            }
        }
    }

    /// <summary>Closes all, those with questions under way when these are answered. A question that still comes has a connection of its own.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _connections.ForEach(connection => connection.Retire());
            _connections.Clear();
        }
    }

    private (StreamConnection Connection, StreamQuestion Question, bool IsNew) Rent(byte[] query)
    {
        lock (_gate)
        {
            _connections.RemoveAll(connection => connection.IsClosed);
            var most = _single is { } since && time.GetElapsedTime(since) < SingleTime ? 1 : MostPipelined;
            foreach (var connection in _connections)
            {
                if (connection.TryAdd(query, most) is { } question)
                {
                    counters.CountConnection(reused: true);
                    return (connection, question, false);
                }
            }

            counters.CountConnection(reused: false);
            var fresh = new StreamConnection(open, time, expire, query, out var first);
            if (_disposed)
            {
                fresh.Retire();
            }
            else
            {
                _connections.Add(fresh);
            }

            return (fresh, first, true);
        }
    }

    private void Learn(StreamConnection connection)
    {
        lock (_gate)
        {
            _single = connection.EndedAmidQuestions ? time.GetTimestamp() : _single;
        }
    }
}
