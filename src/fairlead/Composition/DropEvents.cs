using System.Threading.Channels;
using Fairlead.Cluster;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Client;
using Fairlead.Policy.Drops;
using Microsoft.Extensions.Logging;

namespace Fairlead.Composition;

/// <summary>
/// Tells of dropped packets by an Event on the pod whose policies refused them: one for each pod and peer in a minute, however many packets there are, and so
/// many in a minute at most. `fairlead observe` tells all.
/// </summary>
internal sealed class DropEvents
{
    /// <summary>The reason of the Events.</summary>
    public const string Reason = "PolicyDenied";

    /// <summary>Events in a minute: somebody who tries every address must not fill the API server's store.</summary>
    public const int MostInAMinute = 120;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly ClusterTables _cluster;
    private readonly TimeProvider _time;
    private readonly EventRecorder _recorder;
    private readonly Dictionary<(string Subject, string Peer), DateTimeOffset> _told = [];

    private readonly Channel<DropRecord> _records = Channel.CreateBounded<DropRecord>(
        new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public DropEvents(IKubeApi api, ClusterTables cluster, string node, TimeProvider time, ILogger log)
    {
        (_cluster, _time) = (cluster, time);
        _recorder = new EventRecorder(api, "fairlead-agent", node, time, log);
    }

    /// <summary>Takes note; never waits.</summary>
    public void Tell(DropRecord record)
    {
        if (record.Subject.Pod is not null && record.Reason is DropReason.Denied or DropReason.Isolated)
        {
            _records.Writer.TryWrite(record);
        }
    }

    /// <summary>Writes Events until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var record in _records.Reader.ReadAllAsync(cancellationToken))
        {
            var key = new ObjectKey(record.Subject.Namespace!, record.Subject.Pod!);
            if (IsNews(record) && _cluster.Pods.Get(key) is { } pod)
            {
                await _recorder.WarningAsync(new EventSubject(ResourceTypes.Pods.ApiVersion, ResourceTypes.Pods.Kind, key, pod.Uid), Reason, Message(record), cancellationToken);
            }
        }
    }

    /// <summary>What the Event says: without what differs between two packets alike, so that they are counted together.</summary>
    internal static string Message(DropRecord record)
    {
        var port = record.To.Port == 0 ? "" : $" {record.To.Port}";
        var via = record.Via is null ? "" : $" (via {record.Via})";
        return record.Direction == "in"
            ? $"Dropped from {record.From.Who} to {record.Protocol}{port}{via}: {record.Words}"
            : $"Dropped to {record.To.Who} {record.Protocol}{port}{via}: {record.Words}";
    }

    private bool IsNews(DropRecord record)
    {
        var now = _time.GetUtcNow();
        foreach (var (old, at) in _told)
        {
            if (now - at >= Window)
            {
                _told.Remove(old);
            }
        }

        return _told.Count < MostInAMinute && _told.TryAdd((record.Subject.Who, record.Peer.Who), now);
    }
}
