using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Commands;
using Fairlead.Explain.Reach;
using Fairlead.Ingress;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Live;
using Fairlead.OneMachine;
using Fairlead.State;

namespace Fairlead.Explain.Http;

/// <summary>A pod that serves Ingresses.</summary>
/// <param name="Key">Its namespace and name.</param>
/// <param name="Node">Its node.</param>
/// <param name="IsReady">It is asked.</param>
/// <param name="Options">What it is told.</param>
internal sealed record RolePod(ObjectKey Key, string Node, bool IsReady, IngressOptions Options);

/// <summary>The ingress role of a cluster, as far as its objects say: which pods serve, with which options, and where.</summary>
/// <param name="Pods">Its pods, by name.</param>
/// <param name="Usual">What pods of it are told, where there are none.</param>
/// <param name="Absence">Why there are none, in words; empty: it is not known whether something else serves.</param>
/// <param name="Addresses">Where it is reached.</param>
internal sealed partial record RoleView(ValueArray<RolePod> Pods, IngressOptions Usual, string Absence, ValueArray<string> Addresses)
{
    /// <summary>How many of its pods are asked.</summary>
    public int Ready => Pods.Count(pod => pod.IsReady);

    /// <summary>Whether anybody serves; null: it cannot be told from here.</summary>
    public bool? IsServing => Ready > 0 ? true : Pods.Count > 0 || Absence.Length > 0 ? false : null;

    /// <summary>How it stands, in words.</summary>
    public string Words
    {
        get
        {
            var where = Addresses.Count > 0 ? $", at {string.Join(", ", Addresses.AsEnumerable())}" : ", at no address";
            return Ready > 0 ? $"{string.Join(", ", Pods.Where(pod => pod.IsReady).Select(pod => $"pod {pod.Key} on node {pod.Node}"))}: {Ready} of {Pods.Count} ready{where}"
                : Pods.Count > 0 ? $"no pod that serves Ingresses is ready: {string.Join(", ", Pods.Select(pod => pod.Key))}{where}"
                : Absence.Length > 0 ? $"nobody serves Ingresses: {Absence}"
                : $"no pod here is {IngressAddon.Namespace}/{IngressAddon.Name}: whether anything else serves Ingresses of {Usual.Controller} cannot be told";
        }
    }

    /// <summary>The pods whose view counts: those that are ready, or all where none is; by what they are told.</summary>
    public IEnumerable<IGrouping<IngressOptions, RolePod>> Views => Pods.Where(pod => pod.IsReady || Ready == 0).GroupBy(pod => pod.Options);

    /// <summary>What is told to those whose view counts first.</summary>
    public IngressOptions Options => Views.FirstOrDefault()?.Key ?? Usual;

    /// <summary>The step that it is on the way of a request.</summary>
    public ReachStep Step => new("role", IsServing switch { true => StepVerdict.Ok, false => StepVerdict.Fails, _ => StepVerdict.Unknown }, "", Words);

    /// <summary>Reads it of a cluster's objects.</summary>
    public static async Task<RoleView> ReadAsync(UserCluster cluster, ClusterTables tables, CancellationToken cancellationToken)
    {
        var (pods, deployment) = await cluster.AskAsync(
            async token => (
                await cluster.Api.ListAsync(
                    ResourceTypes.Pods, IngressAddon.Namespace, ListOptions.All with { LabelSelector = $"app.kubernetes.io/name={IngressAddon.Name}" }, token),
                await IngressAddon.GetAsync(cluster.Api, ResourceTypes.Deployments, IngressAddon.Namespace, IngressAddon.Name, token)),
            cancellationToken);
        return Of([.. pods.Objects("items")], deployment, tables, cluster.Spec);
    }

    /// <summary>As <see cref="ReadAsync"/>, of objects that are known.</summary>
    /// <param name="pods">The pods with the role's label.</param>
    /// <param name="deployment">What makes them; null: there is none.</param>
    /// <param name="tables">The cluster.</param>
    /// <param name="spec">The one-machine cluster that it is; null: it is another.</param>
    internal static RoleView Of(IReadOnlyList<JsonObject> pods, JsonObject? deployment, ClusterTables tables, ClusterSpec? spec)
    {
        var serving = pods.Where(pod => pod.Text("status", "phase") is not ("Succeeded" or "Failed") && pod.Text("metadata", "deletionTimestamp").Length == 0)
            .Select(pod => new RolePod(
                new ObjectKey(pod.Text("metadata", "namespace"), pod.Text("metadata", "name")), pod.Text("spec", "nodeName"),
                pod.Objects("status", "conditions").Any(condition => condition.Text("type") == "Ready" && condition.Text("status") == "True"),
                OptionsOf(pod.Object("spec"), pod) ?? new IngressOptions()))
            .OrderBy(pod => pod.Key).ToValueArray();
        var usual = OptionsOf(deployment.Object("spec", "template", "spec"), null) ?? new IngressOptions();
        var absence = deployment is not null && deployment.Number(1, "spec", "replicas") == 0 ? $"Deployment {IngressAddon.Namespace}/{IngressAddon.Name} is scaled to 0"
            : deployment is not null ? $"Deployment {IngressAddon.Namespace}/{IngressAddon.Name} has no pod yet"
            : spec is null ? "" : spec.WithoutIngress ? "the cluster was started with --no-ingress" : $"there is no Deployment {IngressAddon.Namespace}/{IngressAddon.Name}";
        var published = (serving.Count > 0 ? serving[0].Options : usual).PublishService ?? new ObjectKey(IngressAddon.Namespace, IngressAddon.Name);
        return new RoleView(serving, usual, absence, (tables.Services.Get(published)?.LoadBalancerIPs ?? default).Select(address => $"{address}").ToValueArray());
    }

    /// <summary>What a pod's container is told by its arguments; null: none of them runs the role.</summary>
    private static IngressOptions? OptionsOf(JsonObject? spec, JsonObject? pod)
    {
        foreach (var container in spec.Objects("containers"))
        {
            var words = WordsOf(container, "command").Concat(WordsOf(container, "args")).Select(word => Expanded(word, container, pod)).ToList();
            if (words.IndexOf("ingress") is >= 0 and var at && IngressCommand.OptionsOf(words[(at + 1)..]) is { } options)
            {
                return options;
            }
        }

        return null;
    }

    private static IEnumerable<string> WordsOf(JsonObject container, string field) => (container[field] as JsonArray ?? []).Select(word => word?.GetValue<string>() ?? "");

    // As kubelet does; what it takes from elsewhere is not known here and stays as it is written.
    private static string Expanded(string word, JsonObject container, JsonObject? pod) => Variable().Replace(word, match =>
    {
        var variable = container.Objects("env").FirstOrDefault(one => one.Text("name") == match.Groups[1].Value);
        var field = variable.Text("valueFrom", "fieldRef", "fieldPath");
        return variable is null ? match.Value : field.Length > 0 ? pod.Text(field.Split('.')) : variable.Text("value");
    });

    [GeneratedRegex(@"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")]
    private static partial Regex Variable();
}
