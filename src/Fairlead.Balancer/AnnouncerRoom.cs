using Fairlead.Balancer.Announce;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Route;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Balancer;

/// <summary>
/// Answers on this node's uplink for the balancer addresses that this node owns, and for no other. On stop it leaves everything as it is: another
/// node takes over when this one is no longer Ready.
/// </summary>
public sealed class AnnouncerRoom : IDisposable
{
    // A frame may be lost, and some switches learn only from the second: three times, a second apart.
    private const int Repeats = 3;
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly ClusterTables _tables;
    private readonly string _node;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly UplinkResponder _responder;
    private readonly AnnouncementCompiler _compiler;
    private readonly Dictionary<IpAddr, int> _repeats = [];

    // What the last pass brought about. Most changes of Services and slices concern no balanced one: then there is nothing to do.
    private (IReadOnlyDictionary<IpAddr, AnnouncementRow> Rows, ValueArray<IpAddr> Addresses)? _settled;

    // At first, too: an earlier run may have left half of it.
    private bool _verify = true;

    /// <summary>Opens the room in a network namespace; of a node's agent its own.</summary>
    /// <param name="tables">The cluster's rows.</param>
    /// <param name="node">Name of this node.</param>
    /// <param name="netns">The node's network namespace; the room closes it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where it logs.</param>
    /// <exception cref="LinuxException">Not permitted.</exception>
    public AnnouncerRoom(ClusterTables tables, string node, NetNamespace netns, TimeProvider time, ILogger logger)
    {
        _tables = tables;
        _node = node;
        _time = time;
        _logger = logger;
        _responder = UplinkResponder.Open(netns);
        _compiler = new AnnouncementCompiler(node);
    }

    /// <summary>Every balancer address and who answers for it; initialized once Services, slices and nodes have been listed.</summary>
    public Table<IpAddr, AnnouncementRow> Announcements { get; } = new("announcements");

    /// <summary>Removes what a room has left in the network namespace of the calling thread.</summary>
    public static void CleanUp() => UplinkResponder.CleanUp();

    /// <summary>Runs until stopped.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var wake = new Wake();
        using var monitor = _responder.Monitor();
        await Task.WhenAll(AnnounceAsync(wake, cancellationToken), WatchLinksAsync(monitor, wake, cancellationToken));
    }

    /// <inheritdoc/>
    public void Dispose() => _responder.Dispose();

    private async Task AnnounceAsync(Wake wake, CancellationToken cancellationToken)
    {
        using var services = _tables.Services.Subscribe();
        using var slices = _tables.EndpointSlices.Subscribe();
        using var nodes = _tables.Nodes.Subscribe();
        services.Signalled += wake.Ring;
        slices.Signalled += wake.Ring;
        nodes.Signalled += wake.Ring;
        using var timer = _time.CreateTimer(_ => wake.Ring(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        wake.Ring();
        while (true)
        {
            await wake.WaitAsync(cancellationToken);
            if (_tables.Services.Initialized && _tables.EndpointSlices.Initialized && _tables.Nodes.Initialized)
            {
                timer.Change(Pass(services, slices, nodes), Timeout.InfiniteTimeSpan);
            }
        }
    }

    private async Task WatchLinksAsync(RouteMonitor monitor, Wake wake, CancellationToken cancellationToken)
    {
        await foreach (var change in monitor.ReadAsync(cancellationToken))
        {
            if (change.Lost || change.Link is not null || change.Address is not null)
            {
                Volatile.Write(ref _verify, true);
                wake.Ring();
            }
        }
    }

    /// <summary>One pass; returns when the next is due, though nothing changes.</summary>
    private TimeSpan Pass(ChangeFeed<ObjectKey, ServiceRow> services, ChangeFeed<ObjectKey, EndpointSliceRow> slices, ChangeFeed<string, NodeRow> nodes)
    {
        var take = nodes.Take();
        var rows = _compiler.Apply(services.Take().Changes, slices.Take().Changes, take);
        var addresses = take.Rows.GetValueOrDefault(_node)?.InternalIPs ?? default;
        if (_settled is { } settled && ReferenceEquals(settled.Rows, rows) && settled.Addresses == addresses && _repeats.Count == 0 && !Volatile.Read(ref _verify))
        {
            return Timeout.InfiniteTimeSpan;
        }

        _settled = null;
        Announcements.Replace([.. rows]);
        var ours = rows.Values.Where(row => row.IsOurs).Select(row => row.Address).ToHashSet();
        try
        {
            foreach (var address in _responder.Apply(ours, addresses, Interlocked.Exchange(ref _verify, false)))
            {
                BalancerLog.Answering(_logger, address, rows[address].Service);
                _repeats[address] = Repeats;
            }

            Tell(ours, addresses);
        }
        catch (LinuxException e)
        {
            Volatile.Write(ref _verify, true);
            BalancerLog.NotAnswering(_logger, e.Message);
            return RetryAfter;
        }

        var missing = ours.Except(_responder.Answered).FirstOrDefault();
        if (!missing.IsNone)
        {
            BalancerLog.NoUplink(_logger, missing, _node);
            return RetryAfter;
        }

        _settled = (rows, addresses);
        return _repeats.Count > 0 ? RepeatAfter : Timeout.InfiniteTimeSpan;
    }

    private void Tell(HashSet<IpAddr> ours, ValueArray<IpAddr> addresses)
    {
        foreach (var (address, left) in _repeats.ToList())
        {
            if (ours.Contains(address))
            {
                _responder.Tell(address, addresses);
            }

            if (left > 1 && ours.Contains(address))
            {
                _repeats[address] = left - 1;
            }
            else
            {
                _repeats.Remove(address);
            }
        }
    }
}
