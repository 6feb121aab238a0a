using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Forward;

/// <summary>
/// A connection to an upstream, by TCP or TLS, with many questions under way (RFC 7766 §6.2.1): replies come in any order and are told apart by their ids.
/// One reply that is to no question of ours ends it, and so does silence: a reply that did not come in time while no other came either.
/// </summary>
internal sealed class StreamConnection : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ushort, StreamQuestion> _waiting = [];
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenSource _end = new();
    private readonly TimeSpan _expire;
    private readonly ITimer _idle;
    private readonly Task<Stream> _stream;
    private int _abandoned;
    private bool _closed;
    private bool _retired;

    /// <param name="open">Opens the stream, within a time of its own.</param>
    /// <param name="time">Clock.</param>
    /// <param name="expire">How long it stays open without a question.</param>
    /// <param name="query">What it is opened for.</param>
    /// <param name="first">The question that became of it.</param>
    public StreamConnection(Func<CancellationToken, Task<Stream>> open, TimeProvider time, TimeSpan expire, byte[] query, out StreamQuestion first)
    {
        _expire = expire;
        _idle = time.CreateTimer(_ => CloseIfIdle(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        first = TryAdd(query, 1)!;
        _stream = open(_end.Token);
        _ = ReadAsync();
    }

    /// <summary>Replies that came.</summary>
    public int Answered { get; private set; }

    /// <summary>The other side ended it after one reply at most, though several were awaited: it may be one that takes one question at a time.</summary>
    public bool EndedAmidQuestions { get; private set; }

    /// <summary>It takes no more questions.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_gate)
            {
                return _closed;
            }
        }
    }

    /// <summary>Takes a question with an id of its own, unless it is closed or has <paramref name="most"/> under way.</summary>
    public StreamQuestion? TryAdd(byte[] query, int most)
    {
        lock (_gate)
        {
            if (_closed || _waiting.Count >= most)
            {
                return null;
            }

            ushort id;
            do
            {
                id = (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
            }
            while (_waiting.ContainsKey(id));

            _idle.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return _waiting[id] = new StreamQuestion(id, query);
        }
    }

    /// <summary>Sends a question that was taken, and waits for its reply.</summary>
    /// <exception cref="IOException">The connection ended first.</exception>
    /// <exception cref="SocketException">It cannot be opened.</exception>
    /// <exception cref="AuthenticationException">The other side is not who it should be.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<byte[]> AskAsync(StreamQuestion question, CancellationToken cancellationToken)
    {
        try
        {
            var stream = await _stream.WaitAsync(cancellationToken);
            await WriteAsync(stream, question, cancellationToken);
            return await question.Reply.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Abandon(question);
            throw;
        }
    }

    /// <summary>Ends it as soon as no question is under way.</summary>
    public void Retire()
    {
        lock (_gate)
        {
            _retired = true;
        }

        CloseIfIdle();
    }

    /// <summary>Ends it; questions under way fail.</summary>
    public void Dispose() => Close(new IOException("the connection was closed"));

    private async Task WriteAsync(Stream stream, StreamQuestion question, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            question.SentAfter = Answered;
            await stream.WriteAsync(question.Frame, cancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // Part of a message may be out, behind which no other can be understood.
            Close(e);
            throw e is ObjectDisposedException ? new IOException("the connection ended", e) : e;
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            var stream = await _stream;
            var size = new byte[2];
            while (true)
            {
                await stream.ReadExactlyAsync(size, _end.Token);
                var reply = new byte[BinaryPrimitives.ReadUInt16BigEndian(size)];
                await stream.ReadExactlyAsync(reply, _end.Token);
                Deliver(reply);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or CryptographicException or OperationCanceledException or ObjectDisposedException)
        {
            Close(e);
        }
    }

    private void Deliver(byte[] reply)
    {
        StreamQuestion? question;
        lock (_gate)
        {
            var isKnown = DnsHeader.TryRead(reply, out var header) & _waiting.TryGetValue(header.Id, out question);
            if (!isKnown || header.IsTruncated || ForwardMessage.Match(question!.Query, reply) == ReplyMatch.None)
            {
                throw new IOException("what came is no whole reply to a question");
            }

            _waiting.Remove(header.Id);
            _abandoned -= question.IsAbandoned ? 1 : 0;
            Answered++;
            StartIdling();
        }

        question.Reply.TrySetResult(reply);
    }

    // Its id stays taken while its reply may still come.
    private void Abandon(StreamQuestion question)
    {
        bool silent;
        lock (_gate)
        {
            silent = question.SentAfter == Answered;
            if (question.SentAfter is null)
            {
                _waiting.Remove(question.Id);
            }
            else if (_waiting.ContainsValue(question))
            {
                question.IsAbandoned = true;
                _abandoned++;
            }

            StartIdling();
        }

        if (silent)
        {
            Close(new IOException("the other side is silent"));
        }
    }

    // Nobody waits any more, though a reply that nobody wants may be due.
    private void StartIdling()
    {
        if (!_closed && _waiting.Count == _abandoned)
        {
            _idle.Change(_retired ? TimeSpan.Zero : _expire, Timeout.InfiniteTimeSpan);
        }
    }

    private void CloseIfIdle()
    {
        lock (_gate)
        {
            if (_waiting.Count > _abandoned)
            {
                return;
            }
        }

        Dispose();
    }

    private void Close(Exception reason)
    {
        List<StreamQuestion> left;
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            left = [.. _waiting.Values];
            EndedAmidQuestions = Answered <= 1 && Answered + left.Count > 1 && reason is EndOfStreamException or { InnerException: SocketException };
            _waiting.Clear();
        }

        _idle.Dispose();
        _end.Cancel();
        _ = DisposeStreamAsync();
        left.ForEach(question => question.Reply.TrySetException(new IOException("the connection ended", reason)));
    }

    private async Task DisposeStreamAsync()
    {
        await ((Task)_stream).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_stream.IsCompletedSuccessfully)
        {
            await _stream.Result.DisposeAsync();
        }

        _end.Dispose();
    }
}

/// <summary>A question on a connection, under an id of that connection's.</summary>
internal sealed class StreamQuestion
{
    public StreamQuestion(ushort id, byte[] query)
    {
        Id = id;
        Query = [.. query];
        ForwardMessage.SetId(Query, id);
        Frame = [(byte)(Query.Length >> 8), (byte)Query.Length, .. Query];
    }

    public ushort Id { get; }

    public byte[] Query { get; }

    /// <summary>The query behind its length (RFC 1035 §4.2.2).</summary>
    public byte[] Frame { get; }

    /// <summary>How many replies the connection had given when it was sent; null: it was not.</summary>
    public int? SentAfter { get; set; }

    /// <summary>Nobody waits for its reply any more.</summary>
    public bool IsAbandoned { get; set; }

    public TaskCompletionSource<byte[]> Reply { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
