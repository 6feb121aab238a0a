using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Kube.Client;
using Fairlead.Kube.Watch;

namespace Fairlead.ControlPlane.Controllers.Garbage;

/// <summary>The metadata of one object and its kind.</summary>
internal sealed record GraphNode(ResourceType Type, RowMeta Meta)
{
    /// <summary>Whether it is being deleted in the foreground: its dependents go first.</summary>
    public bool IsWaiting => Meta.Deleted is not null && Meta.Finalizers.Contains(GarbagePlan.ForegroundFinalizer);

    /// <summary>The resource version in which it was first seen waiting; 0 unless it waits.</summary>
    public ulong WaitsSince { get; init; }
}

/// <summary>
/// Every object of the cluster by uid, with who depends on whom. <see cref="Changed"/> is raised under the graph's lock; handlers only add to queues.
/// </summary>
internal sealed class ObjectGraph
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, GraphNode> _nodes = [];
    private readonly Dictionary<string, HashSet<string>> _dependents = [];
    private readonly Dictionary<string, HashSet<string>> _byNamespace = [];
    private readonly List<Task> _synced = [];

    /// <summary>Old and new state of an object.</summary>
    public event Action<GraphNode?, GraphNode?>? Changed;

    /// <summary>Complete once every kind has been listed.</summary>
    public IReadOnlyList<Task> Synced => _synced;

    /// <summary>Takes in the objects of one kind; before the reflectors run.</summary>
    public void Follow(SharedReflectors reflectors, ResourceType type)
    {
        var sink = new KindSink(this, type);
        _synced.Add(sink.Synced.Task);
        reflectors.Add(type, sink);
    }

    /// <summary>The object of <paramref name="uid"/>, or null.</summary>
    public GraphNode? Get(string uid)
    {
        lock (_gate)
        {
            return _nodes.GetValueOrDefault(uid);
        }
    }

    /// <summary>The objects whose ownerReferences name <paramref name="uid"/>.</summary>
    public IReadOnlyList<GraphNode> Dependents(string uid)
    {
        lock (_gate)
        {
            return _dependents.TryGetValue(uid, out var uids) ? [.. uids.Select(dependent => _nodes[dependent])] : [];
        }
    }

    /// <summary>The objects of a namespace.</summary>
    public IReadOnlyList<GraphNode> InNamespace(string space)
    {
        lock (_gate)
        {
            return _byNamespace.TryGetValue(space, out var uids) ? [.. uids.Select(uid => _nodes[uid])] : [];
        }
    }

    private static void AddTo(Dictionary<string, HashSet<string>> sets, string key, string uid)
    {
        if (!sets.TryGetValue(key, out var set))
        {
            sets[key] = set = [];
        }

        set.Add(uid);
    }

    private static void RemoveFrom(Dictionary<string, HashSet<string>> sets, string key, string uid)
    {
        if (sets.TryGetValue(key, out var set) && set.Remove(uid) && set.Count == 0)
        {
            sets.Remove(key);
        }
    }

    private void Put(GraphNode node)
    {
        Remove(node.Meta.Uid, out var old);
        var uid = node.Meta.Uid;
        if (node.IsWaiting)
        {
            node = node with { WaitsSince = old is { IsWaiting: true } ? old.WaitsSince : node.Meta.ResourceVersion };
        }

        _nodes[uid] = node;
        foreach (var owner in node.Meta.Owners)
        {
            AddTo(_dependents, owner.Uid, uid);
        }

        if (node.Meta.Key.Namespace.Length > 0)
        {
            AddTo(_byNamespace, node.Meta.Key.Namespace, uid);
        }

        Changed?.Invoke(old, node);
    }

    private void Remove(string uid, out GraphNode? old)
    {
        if (!_nodes.Remove(uid, out old))
        {
            return;
        }

        foreach (var owner in old.Meta.Owners)
        {
            RemoveFrom(_dependents, owner.Uid, uid);
        }

        RemoveFrom(_byNamespace, old.Meta.Key.Namespace, uid);
    }

    private sealed class KindSink(ObjectGraph graph, ResourceType type) : IReflectorSink
    {
        private readonly HashSet<string> _uids = [];

        public TaskCompletionSource Synced { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Replace(IReadOnlyList<JsonObject> items)
        {
            lock (graph._gate)
            {
                var nodes = items.Select(item => new GraphNode(type, RowMeta.From(item))).ToList();
                foreach (var gone in _uids.Except(nodes.Select(node => node.Meta.Uid)).ToList())
                {
                    Drop(gone);
                }

                nodes.ForEach(Put);
            }

            Synced.TrySetResult();
        }

        public void Upsert(JsonObject item)
        {
            lock (graph._gate)
            {
                Put(new GraphNode(type, RowMeta.From(item)));
            }
        }

        public void Delete(JsonObject item)
        {
            lock (graph._gate)
            {
                Drop(RowMeta.From(item).Uid);
            }
        }

        private void Put(GraphNode node)
        {
            _uids.Add(node.Meta.Uid);
            graph.Put(node);
        }

        private void Drop(string uid)
        {
            _uids.Remove(uid);
            graph.Remove(uid, out var old);
            if (old is not null)
            {
                graph.Changed?.Invoke(old, null);
            }
        }
    }
}
