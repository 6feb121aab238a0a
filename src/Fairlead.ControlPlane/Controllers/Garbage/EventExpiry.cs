using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.ControlPlane.Controllers.Garbage;

/// <summary>Deletes Events some time after their last occurrence; they would fill the store otherwise.</summary>
internal sealed class EventExpiry : IController, IDisposable
{
    private readonly ControllerContext _context;
    private readonly Informer<EventInfo> _events;
    private readonly ReconcileLoop<ObjectKey> _loop;

    public EventExpiry(ControllerContext context)
    {
        _context = context;
        _events = context.Reflectors.Inform(ResourceTypes.Events, EventInfo.Read);
        _loop = context.Loop<ObjectKey>(Name, ReconcileAsync, 1);
        _events.Changed += (old, item) =>
        {
            // One timer per Event: a repetition is looked at when the first time has passed.
            if (item is not null && old is null)
            {
                _loop.Queue.AddAfter(item.Meta.Key, Remaining(item));
            }
        };
    }

    public string Name => "eventexpiry";

    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync([_events.Synced], cancellationToken);

    public void Dispose() => _loop.Dispose();

    private TimeSpan Remaining(EventInfo item) => item.Last + _context.Options.EventLifetime - _context.Time.GetUtcNow();

    private async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_events.Get(key) is not { } item)
        {
            return;
        }

        var remaining = Remaining(item);
        if (remaining > TimeSpan.Zero)
        {
            _loop.Queue.AddAfter(key, remaining);
            return;
        }

        await Deletion.DeleteAsync(_context.Api, ResourceTypes.Events, item.Meta, "", cancellationToken);
    }

    private sealed record EventInfo : IObjectRow
    {
        public required RowMeta Meta { get; init; }

        public DateTimeOffset Last { get; init; }

        public static EventInfo Read(JsonObject item)
        {
            var meta = RowMeta.From(item);
            return new EventInfo
            {
                Meta = meta with { Labels = Kube.Selectors.Labels.Empty, Annotations = Kube.Selectors.Labels.Empty },
                Last = item.Time("series", "lastObservedTime") ?? item.Time("lastTimestamp") ?? item.Time("eventTime") ?? meta.Created,
            };
        }
    }
}
