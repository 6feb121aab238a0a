using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Policy;
using Fairlead.Policy.Evaluate;

namespace Fairlead.Offline;

/// <summary>A cluster as far as connections are concerned: of manifests, or of a running one. Immutable.</summary>
internal sealed record ClusterView
{
    /// <summary>What policies are decided from.</summary>
    public required PolicyWorld World { get; init; }

    /// <summary>Services by key.</summary>
    public required ImmutableDictionary<ObjectKey, ServiceRow> Services { get; init; }

    /// <summary>Their slices; a Service without one has the endpoints that its selector says.</summary>
    public required ImmutableDictionary<ObjectKey, EndpointSliceRow> Slices { get; init; }

    /// <summary>The workload that made a pod; pods that nothing made are not in it.</summary>
    public required ImmutableDictionary<ObjectKey, WorkloadName> Makers { get; init; }

    /// <summary>Workloads that are there, with pods or without.</summary>
    public required ImmutableHashSet<WorkloadName> Workloads { get; init; }

    /// <summary>Addresses of somebody outside of the cluster, one per family at most.</summary>
    public required IReadOnlyList<IpAddr> Outside { get; init; }

    /// <summary>The manifests that objects are from, by kind and key; none of a running cluster's.</summary>
    public ImmutableDictionary<(string Kind, ObjectKey Key), ManifestObject> Sources { get; init; } = ImmutableDictionary<(string, ObjectKey), ManifestObject>.Empty;

    /// <summary>The families in which pods have addresses.</summary>
    public required IReadOnlyList<IpFamily> Families { get; init; }

    /// <summary>Where a rule is written; null when its policy is in no manifest.</summary>
    public SourcePlace? Where(RuleReference rule) => Where(rule.Kind, rule.Policy, rule.Path);

    /// <summary>Where a field of an object is written; null when the object is in no manifest.</summary>
    public SourcePlace? Where(string kind, ObjectKey key, string path) => Sources.GetValueOrDefault((kind, key))?.At(path);

    /// <summary>The pods of a workload, in order.</summary>
    public IEnumerable<PodRow> PodsOf(WorkloadName workload) =>
        Makers.Where(pair => pair.Value == workload).Select(pair => World.Pods.GetValueOrDefault(pair.Key)).OfType<PodRow>().OrderBy(pod => pod.Key);

    /// <summary>A pod as people name it: by what made it, else by itself.</summary>
    public string NameOf(PodRow pod) => Makers.TryGetValue(pod.Key, out var maker) ? $"{maker}" : $"{pod.Key.Name}.{pod.Key.Namespace}";
}
