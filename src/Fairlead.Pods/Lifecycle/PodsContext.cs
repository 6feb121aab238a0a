using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Watch;
using Fairlead.Linux.Processes;
using Fairlead.Pods.Containers;
using Fairlead.Pods.Sandbox;
using Fairlead.Pods.Spec;
using Microsoft.Extensions.Logging;

namespace Fairlead.Pods.Lifecycle;

/// <summary>What every pod's worker needs.</summary>
internal sealed class PodsContext(PodsOptions options, IKubeApi api, Reactor reactor, TimeProvider time, ILogger log) : IDisposable
{
    // For each node one of its own: a node whose agent hangs holds up no other.
    private readonly Dictionary<string, StartLimit> _starts = options.Nodes.ToDictionary(
        node => node.Name, _ => new StartLimit(Environment.ProcessorCount * 2), StringComparer.Ordinal);

    internal PodsOptions Options { get; } = options;

    internal IKubeApi Api { get; } = api;

    internal Reactor Reactor { get; } = reactor;

    internal TimeProvider Time { get; } = time;

    internal ILogger Log { get; } = log;

    internal CniRuntime Cni { get; } = new(reactor, time);

    internal ServiceCache Services { get; } = new();

    /// <summary>Limits of memory; null where there is no controller for it.</summary>
    internal MemoryCgroups? Memory { get; } = MemoryCgroups.Find(options.ClusterName);

    /// <summary>Directory of busybox's applets, made once; empty without busybox.</summary>
    internal string Applets { get; init; } = "";

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var limit in _starts.Values)
        {
            limit.Dispose();
        }
    }

    /// <summary>The limit of what is started at once on a node.</summary>
    internal StartLimit Starts(PodsNode node) => _starts[node.Name];
}

/// <summary>The Services there are, for environment variables and for stand-ins that declare no port.</summary>
internal sealed class ServiceCache : IReflectorSink
{
    private readonly ConcurrentDictionary<string, JsonObject> _services = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Replace(IReadOnlyList<JsonObject> items)
    {
        var keys = items.Select(Key).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _services.Keys.Where(key => !keys.Contains(key)))
        {
            _services.TryRemove(gone, out _);
        }

        foreach (var item in items)
        {
            Upsert(item);
        }
    }

    /// <inheritdoc/>
    public void Upsert(JsonObject item) => _services[Key(item)] = item;

    /// <inheritdoc/>
    public void Delete(JsonObject item) => _services.TryRemove(Key(item), out _);

    /// <summary>Services of a namespace, in order of name.</summary>
    internal IEnumerable<JsonObject> Of(string ns) => _services
        .Where(pair => pair.Key.StartsWith(ns + "/", StringComparison.Ordinal)).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value);

    /// <summary>Numeric target ports of the Services that select a pod.</summary>
    internal IReadOnlyList<(int Port, bool Udp)> TargetPorts(PodSpec pod) =>
    [
        .. Of(pod.Namespace)
            .Where(service => service["spec"].Map("selector") is { Count: > 0 } selector
                && selector.All(pair => pod.Labels.GetValueOrDefault(pair.Key) == pair.Value))
            .SelectMany(service => service["spec"].Objects("ports"))
            .Select(port => (Port: port.Number(port["targetPort"] is null ? port.Number(0, "port") : 0, "targetPort"), Udp: port.Text("protocol") == "UDP"))
            .Where(port => port.Port > 0).Distinct(),
    ];

    private static string Key(JsonObject item) => $"{item["metadata"].Text("namespace")}/{item["metadata"].Text("name")}";
}
