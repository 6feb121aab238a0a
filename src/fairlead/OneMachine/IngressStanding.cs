using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.OneMachine;

/// <summary>Whether a one-machine cluster's Ingresses are served, and where.</summary>
/// <param name="State"><c>running</c>; <c>not running</c>; <c>scaled to 0</c> or <c>deleted</c>, as its user wanted it.</param>
/// <param name="Addresses">Where.</param>
/// <param name="Problem">Why it does not run, or has no address; empty: it does, or its user has it so.</param>
internal sealed record IngressStanding(string State, IReadOnlyList<string> Addresses, string Problem)
{
    /// <summary>Reads it of the cluster's objects.</summary>
    /// <exception cref="KubeException">The API refused.</exception>
    /// <exception cref="HttpRequestException">It does not answer.</exception>
    public static async Task<IngressStanding> ReadAsync(IKubeApi api, CancellationToken cancellationToken)
    {
        var deployment = await IngressAddon.GetAsync(api, ResourceTypes.Deployments, IngressAddon.Namespace, IngressAddon.Name, cancellationToken);
        var service = await IngressAddon.GetAsync(api, ResourceTypes.Services, IngressAddon.Namespace, IngressAddon.Name, cancellationToken);
        var pods = await api.ListAsync(
            ResourceTypes.Pods, IngressAddon.Namespace, ListOptions.All with { LabelSelector = $"app.kubernetes.io/name={IngressAddon.Name}" }, cancellationToken);
        return Of(deployment, service, [.. pods.Objects("items")]);
    }

    /// <summary>As <see cref="ReadAsync"/>, of objects that are known.</summary>
    internal static IngressStanding Of(JsonObject? deployment, JsonObject? service, IReadOnlyList<JsonObject> pods)
    {
        IReadOnlyList<string> addresses = [.. AddressesOf(service)];
        if (deployment is null)
        {
            return new IngressStanding("deleted", [], "");
        }

        if (deployment.Number(1, "spec", "replicas") == 0)
        {
            return new IngressStanding("scaled to 0", [], "");
        }

        var problem = !IsAvailable(deployment) ? Why(pods)
            : addresses.Count == 0 ? $"Service {IngressAddon.Namespace}/{IngressAddon.Name} {(service is null ? "is not there" : "has no address")}" : "";
        return new IngressStanding(IsAvailable(deployment) ? "running" : "not running", addresses, problem);
    }

    /// <summary>Whether one of its pods is.</summary>
    internal static bool IsAvailable(JsonObject deployment) => deployment.Number(0, "status", "availableReplicas") > 0;

    /// <summary>Whether one of its pods is, or none is to be.</summary>
    internal static bool IsAsWanted(JsonObject deployment) => IsAvailable(deployment) || deployment.Number(1, "spec", "replicas") == 0;

    /// <summary>The addresses that a Service has been given.</summary>
    internal static IEnumerable<string> AddressesOf(JsonObject? service) =>
        service.Objects("status", "loadBalancer", "ingress").Select(ingress => ingress.Text("ip")).Where(address => address.Length > 0);

    // The newest: the others are on their way out.
    private static string Why(IReadOnlyList<JsonObject> pods)
    {
        if (pods.OrderBy(pod => pod.Text("metadata", "creationTimestamp"), StringComparer.Ordinal).LastOrDefault() is not { } pod)
        {
            return "it has no pod yet";
        }

        var waiting = pod.Objects("status", "containerStatuses").Select(status => status.Object("state", "waiting")).OfType<JsonObject>().FirstOrDefault();
        var condition = pod.Objects("status", "conditions").FirstOrDefault(condition => condition.Text("status") == "False" && condition.Text("message").Length > 0);
        var why = waiting is not null ? Text(waiting) : condition is not null ? Text(condition) : "not ready";
        return $"pod {IngressAddon.Namespace}/{pod.Text("metadata", "name")}: {why}";
    }

    private static string Text(JsonObject said) => said.Text("message") is { Length: > 0 } message ? $"{said.Text("reason")}: {message}" : said.Text("reason");
}
