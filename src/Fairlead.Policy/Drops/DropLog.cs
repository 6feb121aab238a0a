using Fairlead.Cluster;
using Fairlead.Linux;
using Fairlead.Linux.Nflog;
using Fairlead.Nftables.Kernel;
using Fairlead.Policy.Nftables;
using Microsoft.Extensions.Logging;

namespace Fairlead.Policy.Drops;

/// <summary>
/// Tells of every packet that policy drops on a node, as far as the kernel tells (at most 100 a second for each reason and direction): who, whom, and which
/// policy, explained by what was in force when it was dropped. Keeps the last <see cref="DropRing.Capacity"/> and counts.
/// </summary>
public sealed class DropLog : IDisposable
{
    // Headers with all that is likely before the transport's: not what is in the packet.
    private const ushort Copied = 160;

    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly NflogSocket? _socket;
    private readonly DropExplainer _explainer;
    private readonly DropRing _ring = new();
    private uint _sequence;

    private DropLog(string nodeName, ClusterTables tables, KernelNft? nft, NflogSocket? socket, string? problem, TimeProvider time, ILogger logger)
    {
        (_time, _logger, _socket, Problem, Since) = (time, logger, socket, problem, time.GetUtcNow());
        History = new GenerationHistory(time);
        Metrics = new DropMetrics(History, nft);
        _explainer = new DropExplainer(nodeName, History, new ServiceNames(tables).At);
    }

    /// <summary>Raised on the reader's thread with each new record; must only take note.</summary>
    public event Action<DropRecord>? Dropped;

    /// <summary>Why nothing is told; null when all is well.</summary>
    public string? Problem { get; }

    /// <summary>When this run began: of what was dropped before, nothing is known.</summary>
    public DateTimeOffset Since { get; }

    /// <summary>The figures.</summary>
    public DropMetrics Metrics { get; }

    /// <summary>What was in force.</summary>
    internal GenerationHistory History { get; }

    /// <summary>The kernel tells: rules that log are worth their while.</summary>
    internal bool IsTold => _socket is not null;

    /// <summary>
    /// Begins to listen in the network namespace of the calling thread. Where the kernel cannot tell, or somebody else listens already, drops are counted and
    /// nothing more, and <see cref="Problem"/> says so: policies do not depend on it.
    /// </summary>
    /// <param name="nodeName">metadata.name of the node.</param>
    /// <param name="tables">The cluster: Services are named from it.</param>
    /// <param name="nft">Where packets are counted; null: nowhere.</param>
    /// <param name="time">The clock of records.</param>
    /// <param name="logger">Where to log.</param>
    public static DropLog Open(string nodeName, ClusterTables tables, KernelNft? nft, TimeProvider time, ILogger logger)
    {
        try
        {
            return new DropLog(nodeName, tables, nft, NflogSocket.Open(Refusal.LogGroup, Copied), null, time, logger);
        }
        catch (LinuxException e)
        {
            logger.DropsUntold(e.Message);
            return new DropLog(nodeName, tables, nft, null, $"the kernel tells of no drops: {e.Message}", time, logger);
        }
    }

    /// <summary>Since when all records are among those kept.</summary>
    public DateTimeOffset Oldest(IReadOnlyList<DropRecord> kept) => kept.Count < DropRing.Capacity ? Since : kept[0].Time;

    /// <summary>The records kept, the oldest first.</summary>
    public IReadOnlyList<DropRecord> Records() => _ring.Records();

    /// <summary>The records kept, the oldest first, and each one after them. Dispose the follower to stop.</summary>
    public (IReadOnlyList<DropRecord> Kept, DropFollower Follower) Follow() => _ring.Follow();

    /// <summary>Reads until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (_socket is null)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, cancellationToken);
            return;
        }

        while (true)
        {
            // Empty: some were lost; the next one's number tells how many.
            var datagram = await _socket.ReceiveAsync(cancellationToken);
            try
            {
                Read(datagram.Span);
            }
            catch (InvalidDataException e)
            {
                _logger.DropUnread(e);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket?.Dispose();
        Metrics.Dispose();
    }

    private void Read(ReadOnlySpan<byte> datagram)
    {
        foreach (var message in new NflogReader(datagram))
        {
            Metrics.Told();
            Metrics.Lost(message.Sequence > _sequence ? message.Sequence - _sequence : 0);
            _sequence = message.Sequence + 1;
            if (DroppedPacket.TryRead(message, out var packet))
            {
                Take(packet);
            }
        }
    }

    private void Take(DroppedPacket packet)
    {
        var now = _time.GetUtcNow();
        if (!_ring.TryJoin(packet.Flow, now))
        {
            var record = _ring.Add(packet.Flow, _explainer.Explain(packet, now));
            Metrics.Count(record);
            Dropped?.Invoke(record);
        }
    }
}
