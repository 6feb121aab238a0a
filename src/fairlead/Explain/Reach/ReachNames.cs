using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Naming;
using Fairlead.Commands;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;
using Fairlead.Terminal;

namespace Fairlead.Explain.Reach;

/// <summary>Finds what the ends of a connection name. An error says what is missing, and what has nearly that name.</summary>
/// <param name="api">The cluster, for the objects that the tables do not have.</param>
/// <param name="tables">The cluster.</param>
/// <param name="outside">The addresses of <c>outside</c>; none: it has to be named by its address.</param>
internal sealed class ReachNames(IKubeApi api, ClusterTables tables, ValueArray<IpAddr> outside)
{
    private static readonly Dictionary<EndKind, ResourceType> Workloads = new()
    {
        [EndKind.Deployment] = ResourceTypes.Deployments,
        [EndKind.ReplicaSet] = ResourceTypes.ReplicaSets,
        [EndKind.StatefulSet] = new ResourceType("apps", "v1", "statefulsets", "StatefulSet", true),
        [EndKind.DaemonSet] = new ResourceType("apps", "v1", "daemonsets", "DaemonSet", true),
        [EndKind.Job] = new ResourceType("batch", "v1", "jobs", "Job", true),
    };

    /// <summary>Finds one end.</summary>
    /// <exception cref="UserError">There is no such object.</exception>
    public async Task<ResolvedEnd> FindAsync(ConnectionEnd end, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(end.Namespace, end.Name);
        switch (end.Kind)
        {
            case EndKind.Pod:
                return new ResolvedEnd(end, [tables.Pods.Get(key) ?? throw Missing("pod", key, tables.Pods.Snapshot().Keys)]);
            case EndKind.Service:
                return new ResolvedEnd(end, []) { Service = tables.Services.Get(key) ?? throw Missing("Service", key, tables.Services.Snapshot().Keys) };
            case EndKind.Node:
                return new ResolvedEnd(end, []) { Node = tables.Nodes.Get(end.Name) ?? throw Missing("node", new ObjectKey("", end.Name), tables.Nodes.Snapshot().Keys.Select(name => new ObjectKey("", name))) };
            case EndKind.Namespace:
                _ = tables.Namespaces.Get(end.Name) ?? throw Missing("namespace", new ObjectKey("", end.Name), tables.Namespaces.Snapshot().Keys.Select(name => new ObjectKey("", name)));
                return Pods(end, pod => pod.Key.Namespace == end.Name);
            case EndKind.Address:
                return OfAddress(end);
            case EndKind.Outside:
                return outside.Count > 0 ? new ResolvedEnd(end, []) { Addresses = outside } : throw new UserError("who is outside is not known of this cluster", "name its address in place of `outside`");
            default:
                return await OfWorkloadAsync(end, key, cancellationToken);
        }
    }

    /// <summary>Who opens connections there.</summary>
    /// <exception cref="UserError">Nobody does.</exception>
    public static IReadOnlyList<ReachSource> Sources(ResolvedEnd end) => end switch
    {
        { Service: { } service } => throw new UserError($"Service {service.Key} opens no connections", "name a pod, a Deployment, a node or an address as the first"),
        { Node: { } node } => [new ReachSource($"node {node.Name}", null, node, node.InternalIPs)],
        { Pods.Count: > 0 } => [.. end.Pods.Select(OfPod)],
        _ => [new ReachSource(end.End.Kind == EndKind.Outside ? "outside" : $"{end.Addresses[0]}", null, null, end.Addresses)],
    };

    private static ReachSource OfPod(PodRow pod) => pod.Finished ? throw new UserError($"pod {pod.Key} has finished: it opens no connections any more")
        : pod.NodeName.Length == 0 || pod.IPs.Count == 0 ? throw new UserError($"pod {pod.Key} has no address yet", $"`kubectl -n {pod.Key.Namespace} describe pod {pod.Key.Name}` says why")
        : new ReachSource($"{pod.Key}", pod, null, pod.IPs);

    private ResolvedEnd OfAddress(ConnectionEnd end)
    {
        var range = end.Range ?? default;
        if (range.Prefix != range.Address.Family.Bits)
        {
            throw new UserError($"{range} is a range", "name one address of it", ExitCodes.Usage);
        }

        var pod = tables.Pods.Snapshot().Values.OrderBy(row => row.Key).FirstOrDefault(row => row.NetworkIPs.Contains(range.Address));
        var node = tables.Nodes.Snapshot().Values.FirstOrDefault(row => row.InternalIPs.Contains(range.Address));
        return new ResolvedEnd(end, pod is null ? [] : [pod]) { Node = node is null ? null : node with { InternalIPs = [range.Address] }, Addresses = [range.Address] };
    }

    private async Task<ResolvedEnd> OfWorkloadAsync(ConnectionEnd end, ObjectKey key, CancellationToken cancellationToken)
    {
        if (!Workloads.TryGetValue(end.Kind, out var type))
        {
            throw new UserError($"{end} has no pods of its own", "name a job or a pod of it");
        }

        try
        {
            var document = await api.GetAsync(type, key.Namespace, key.Name, cancellationToken);
            var selector = LabelSelectorReader.Read(document["spec"]?["selector"] as JsonObject ?? throw new FormatException($"{type.Kind} {key} has no selector"));
            return Pods(end, pod => pod.Key.Namespace == key.Namespace && selector.Matches(pod.Labels));
        }
        catch (KubeException e) when (e.Code == 404)
        {
            var all = await api.ListAsync(type, "", ListOptions.All, cancellationToken);
            throw Missing(type.Kind, key, all.Objects("items").Select(item => new ObjectKey(item.Text("metadata", "namespace"), item.Text("metadata", "name"))));
        }
        catch (FormatException e)
        {
            throw new UserError($"{type.Kind} {key}: {e.Message}");
        }
    }

    private ResolvedEnd Pods(ConnectionEnd end, Func<PodRow, bool> isOne)
    {
        var pods = tables.Pods.Snapshot().Values.Where(pod => !pod.Finished && isOne(pod)).OrderBy(pod => pod.Key).ToList();
        return pods.Count > 0 ? new ResolvedEnd(end, pods) : throw new UserError($"{end} has no pod that runs");
    }

    private static UserError Missing(string what, ObjectKey key, IEnumerable<ObjectKey> all)
    {
        var keys = all.ToList();
        var elsewhere = keys.Where(other => other.Name == key.Name).Order().Select(other => $"{other.Name}.{other.Namespace}").Take(3).ToList();
        var near = Near(key.Name, [.. keys.Where(other => other.Namespace == key.Namespace).Select(other => other.Name).Order(StringComparer.Ordinal)]);
        return new UserError(
            $"there is no {what} {key.Name}{(key.Namespace.Length > 0 ? $" in namespace {key.Namespace}" : "")}",
            elsewhere.Count > 0 ? $"there is {string.Join(", ", elsewhere)}" : near is not null ? $"did you mean {near}?" : $"`kubectl get {what.ToLowerInvariant()}s{(key.Namespace.Length > 0 ? " -A" : "")}` lists all there are");
    }

    /// <summary>Of pods, whose names go on with letters that nobody writes, the beginning is compared too.</summary>
    private static string? Near(string written, List<string> names)
    {
        var begin = UsageErrors.Closest(written, names) is null ? UsageErrors.Closest(written, names.Where(name => name.Length > written.Length).Select(name => name[..written.Length])) : null;
        return begin is null ? UsageErrors.Closest(written, names) : names.Find(name => name.StartsWith(begin, StringComparison.Ordinal));
    }
}
