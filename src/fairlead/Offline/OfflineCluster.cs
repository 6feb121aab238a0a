using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Naming;
using Fairlead.Cluster.Reflectors;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Policy;
using Fairlead.State;

namespace Fairlead.Offline;

/// <summary>
/// The cluster that manifests would make, without one: what the API server completes and refuses, the pods of workloads, namespaces that are only named,
/// addresses from the ranges that a one-machine cluster takes.
/// </summary>
internal sealed class OfflineCluster
{
    private const string NameLabel = "kubernetes.io/metadata.name";
    private const string DnsAddress = "10.96.0.10";
    private const string DnsAddressV6 = "fd00:10:96::a";

    private static readonly IpNet[] PodRanges = [IpNet.Parse("10.244.0.0/16"), IpNet.Parse("fd00:10:244::/56")];
    private static readonly IpNet[] ServiceRanges = [IpNet.Parse("10.96.0.0/12"), IpNet.Parse("fd00:10:96::/112")];
    private static readonly IpAddr[] OutsideAddresses = [IpAddr.Parse("172.30.0.1"), IpAddr.Parse("fd00:172:30::1")];

    /// <summary>Policies of other kinds, which have a say on other clusters and none here.</summary>
    private static readonly string[] OtherPolicies = ["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy"];

    private readonly SourceProblems _problems;
    private readonly ManifestGate _gate;
    private readonly int _families;
    private readonly Dictionary<(string Kind, ObjectKey Key), ManifestObject> _sources = [];
    private readonly Dictionary<ObjectKey, PodRow> _pods = [];
    private readonly Dictionary<ObjectKey, WorkloadName> _makers = [];
    private readonly HashSet<WorkloadName> _workloads = [];
    private readonly Dictionary<string, NamespaceRow> _namespaces = new(StringComparer.Ordinal);
    private readonly List<string> _warnings = [];

    private OfflineCluster(SourceProblems problems, bool dual, TimeProvider time)
    {
        _problems = problems;
        _families = dual ? 2 : 1;
        _gate = new ManifestGate(ServiceRanges[.._families], problems, time);
    }

    /// <summary>Makes the cluster of these objects.</summary>
    /// <param name="objects">The objects, as written; they are completed in place.</param>
    /// <param name="dual">Pods and Services have addresses of both families.</param>
    /// <param name="problems">Takes what the API server would refuse.</param>
    /// <param name="time">Gives the time of creation.</param>
    /// <returns>The cluster, and what somebody should know of how it was read.</returns>
    public static (ClusterView View, IReadOnlyList<string> Warnings) Of(IReadOnlyList<ManifestObject> objects, bool dual, SourceProblems problems, TimeProvider time)
    {
        var cluster = new OfflineCluster(problems, dual, time);
        return (cluster.Build(objects), cluster._warnings);
    }

    private ClusterView Build(IReadOnlyList<ManifestObject> objects)
    {
        var known = objects.Where(IsNamed).Where(Remember).ToList();
        foreach (var item in known.Where(item => item.Is(ResourceTypes.Pods) && _gate.Complete(item)))
        {
            AddPod(item.Document, Owner(item.Document));
        }

        known.ForEach(Expand);
        var services = Rows(known, ResourceTypes.Services, ObjectRows.Service);
        services.TryAdd(PolicyWorld.DnsService, NodeDns());
        var policies = Rows(known, ResourceTypes.NetworkPolicies, ObjectRows.NetworkPolicy);
        var slices = Rows(known, ResourceTypes.EndpointSlices, ObjectRows.EndpointSlice);
        foreach (var item in known.Where(item => item.Is(ResourceTypes.Namespaces) && _gate.Complete(item)))
        {
            _namespaces[item.Key.Name] = ObjectRows.Namespace(item.Document);
        }

        foreach (var name in _pods.Keys.Concat(services.Keys).Concat(policies.Keys).Select(key => key.Namespace).Distinct())
        {
            _namespaces.TryAdd(name, new NamespaceRow(name, Labels.From([new(NameLabel, name)])));
        }

        var nodes = Rows(known, ResourceTypes.Nodes, ObjectRows.Node).ToImmutableDictionary(pair => pair.Key.Name, pair => pair.Value);
        return new ClusterView
        {
            World = new PolicyWorld(
                policies.ToImmutableDictionary(), Addressed().ToImmutableDictionary(), _namespaces.ToImmutableDictionary(), nodes,
                Rows(known, ResourceTypes.ClusterNetworkPolicies, ObjectRows.ClusterNetworkPolicy).ToImmutableDictionary(pair => pair.Key.Name, pair => pair.Value), services[PolicyWorld.DnsService]),
            Services = services.ToImmutableDictionary(),
            Slices = slices.ToImmutableDictionary(),
            Makers = _makers.ToImmutableDictionary(),
            Workloads = [.. _workloads],
            Outside = OutsideAddresses[.._families],
            Families = [.. PodRanges[.._families].Select(range => range.Address.Family)],
            Sources = _sources.ToImmutableDictionary(),
        };
    }

    private bool IsNamed(ManifestObject item)
    {
        if (item.Kind.Length == 0 || item.ApiVersion.Length == 0)
        {
            _problems.Add(item.At(""), "an object has no apiVersion and kind that are text");
            return false;
        }

        if (OtherPolicies.Contains(item.Kind))
        {
            _warnings.Add($"{item.At("kind")}: {item.Kind} has no say here: what it allows or denies is not known");
        }

        return true;
    }

    /// <summary>False for an object that another one has the name of.</summary>
    private bool Remember(ManifestObject item)
    {
        if (item.Key.Name.Length == 0 || _sources.TryAdd((item.Kind, item.Key), item))
        {
            return true;
        }

        _problems.Add(item.At("metadata.name"), $"{item.Name}: it is there already, at {_sources[(item.Kind, item.Key)].At("metadata.name")}");
        return false;
    }

    private Dictionary<ObjectKey, T> Rows<T>(IEnumerable<ManifestObject> items, ResourceType type, Func<System.Text.Json.Nodes.JsonObject, T> read) =>
        items.Where(item => item.Is(type) && _gate.Complete(item)).ToDictionary(item => item.Key, item => read(item.Document));

    private void AddPod(System.Text.Json.Nodes.JsonObject document, WorkloadName? maker)
    {
        var row = ObjectRows.Pod(document);
        if (_pods.TryAdd(row.Key, row) && maker is { } known)
        {
            _makers[row.Key] = known;
            _workloads.Add(known);
        }
    }

    /// <summary>Makes the pods of a workload, unless they were given: an export of a running cluster has them.</summary>
    private void Expand(ManifestObject item)
    {
        if (Workloads.KindOf(item) is not { } kind || Owner(item.Document) is not null)
        {
            return;
        }

        // Kinds that the server has are held to all its rules; of others, the template is.
        var name = new WorkloadName(kind, item.Key);
        if ((kind is EndKind.Deployment or EndKind.ReplicaSet && !_gate.Complete(item)) || (!_workloads.Add(name) && _makers.ContainsValue(name)))
        {
            return;
        }

        foreach (var pod in Workloads.Pods(kind, item))
        {
            if (!_gate.CompletePod(item, Workloads.TemplatePath(kind), pod))
            {
                return;
            }

            AddPod(pod, name);
        }
    }

    /// <summary>What made an object that says so; of a ReplicaSet that a Deployment made, the Deployment.</summary>
    private WorkloadName? Owner(System.Text.Json.Nodes.JsonObject document)
    {
        var owner = document.Objects("metadata", "ownerReferences").FirstOrDefault(reference => reference.Flag("controller"));
        if (WorkloadName.KindOf(owner.Text("kind")) is not { } kind)
        {
            return null;
        }

        var key = new ObjectKey(document.TextOr("default", "metadata", "namespace"), owner.Text("name"));
        return _sources.TryGetValue((owner.Text("kind"), key), out var made) && Owner(made.Document) is { } above ? above : new WorkloadName(kind, key);
    }

    /// <summary>Every pod with addresses: by order of name, so that the same manifests give the same ones.</summary>
    private IEnumerable<KeyValuePair<ObjectKey, PodRow>> Addressed()
    {
        // The first addresses of a node's range are the gateway's and nobody's.
        var offset = (UInt128)2;
        foreach (var pod in _pods.Values.OrderBy(pod => pod.Key))
        {
            var addresses = PodRanges[.._families].Select(range => range.At(offset)).ToValueArray();
            offset++;
            yield return KeyValuePair.Create(pod.Key, pod with { IPs = addresses, Finished = false });
        }
    }

    /// <summary>The Service at whose address every node answers DNS, as a one-machine cluster has it from its first moment.</summary>
    private ServiceRow NodeDns() => new()
    {
        Key = PolicyWorld.DnsService,
        Labels = Labels.From([new("k8s-app", "kube-dns")]),
        Selector = Labels.From([new("k8s-app", "kube-dns")]),
        ClusterIPs = new[] { IpAddr.Parse(DnsAddress), IpAddr.Parse(DnsAddressV6) }.Take(_families).ToValueArray(),
        Ports = new[] { new ServicePort("dns", IpProtocol.Udp, 53, 0, "53", ""), new ServicePort("dns-tcp", IpProtocol.Tcp, 53, 0, "53", ""), new ServicePort("metrics", IpProtocol.Tcp, 9153, 0, "9153", "") }.ToValueArray(),
    };
}
