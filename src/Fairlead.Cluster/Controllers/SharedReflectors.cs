using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Watch;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cluster.Controllers;

/// <summary>One reflector per kind, however many read it: each kind is listed and watched once.</summary>
public sealed class SharedReflectors
{
    private readonly IKubeApi _api;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<ResourceType, Fan> _fans = [];

    /// <summary>Nothing is read before <see cref="RunAsync"/>.</summary>
    public SharedReflectors(IKubeApi api, TimeProvider time, ILogger logger)
    {
        _api = api;
        _time = time;
        _logger = logger;
    }

    /// <summary>Gives <paramref name="sink"/> every object of <paramref name="type"/>; before <see cref="RunAsync"/>.</summary>
    public void Add(ResourceType type, IReflectorSink sink)
    {
        if (!_fans.TryGetValue(type, out var fan))
        {
            _fans[type] = fan = new Fan();
        }

        fan.Sinks.Add(sink);
    }

    /// <summary>Makes an informer of <paramref name="type"/> and adds it.</summary>
    public Informer<TRow> Inform<TRow>(ResourceType type, Func<JsonObject, TRow> read)
        where TRow : class, IObjectRow
    {
        var informer = new Informer<TRow>(read);
        Add(type, informer);
        return informer;
    }

    /// <summary>Lists and watches every kind until stopped.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(_fans.Select(fan =>
        new Reflector(_api, fan.Key, new ListOptions(), fan.Value, _time, _logger).RunAsync(cancellationToken)));

    private sealed class Fan : IReflectorSink
    {
        public List<IReflectorSink> Sinks { get; } = [];

        public void Replace(IReadOnlyList<JsonObject> items) => Sinks.ForEach(sink => sink.Replace(items));

        public void Upsert(JsonObject item) => Sinks.ForEach(sink => sink.Upsert(item));

        public void Delete(JsonObject item) => Sinks.ForEach(sink => sink.Delete(item));
    }
}
