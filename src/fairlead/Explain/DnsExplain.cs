using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Inspect;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;
using Fairlead.Live;
using Fairlead.OneMachine;
using Fairlead.Terminal;

namespace Fairlead.Explain;

/// <summary>What `explain dns` was told.</summary>
/// <param name="Cluster">The one-machine cluster whose nodes are asked; of a kubeconfig or context that is named, and where there is none, the objects are evaluated.</param>
/// <param name="Namespace">The pod's namespace.</param>
/// <param name="Pod">The pod.</param>
/// <param name="Name">What it looks up, as a program in it would write it.</param>
/// <param name="Type">Record type.</param>
/// <param name="Format"><c>table</c> or <c>json</c>.</param>
internal sealed record DnsExplainRequest(ClusterChoice Cluster, string Namespace, string Pod, string Name, string Type, string Format);

/// <summary>
/// `fairlead explain dns`: walks a pod's look-up step by step and says of each step why it went as it did. The pod's node is asked, as the pod would; or, in a
/// cluster of others, its objects are evaluated.
/// </summary>
internal static class DnsExplain
{
    /// <summary>Explains and prints. Exit code 1 when the name does not resolve.</summary>
    /// <exception cref="UserError">There is no such pod, or nobody to ask.</exception>
    public static async Task<int> RunAsync(DnsExplainRequest request, CancellationToken cancellationToken)
    {
        var document = IsOfObjects(request.Cluster) ? await FromObjectsAsync(request, cancellationToken) : await FromNodeAsync(request, cancellationToken);
        Output.Raw(request.Format == "json"
            ? JsonSerializer.Serialize(document, ExplainJson.Default.DnsExplanationDocument) + "\n"
            : string.Concat(DnsExplanationText.Lines(document, request.Name, request.Type).Select(line => Output.Printable(line) + "\n")));
        return document.Resolved ? ExitCodes.Ok : ExitCodes.Failed;
    }

    // Otherwise the one-machine cluster is asked, if need be to be told that it does not run.
    private static bool IsOfObjects(ClusterChoice choice) => choice.Kubeconfig.Length > 0 || choice.Context.Length > 0
        || (choice.Name.Length == 0 && Specs.Load(ClusterSpec.DefaultName) is null && Array.Exists(UserKubeconfig.Candidates(), File.Exists));

    private static async Task<DnsExplanationDocument> FromNodeAsync(DnsExplainRequest request, CancellationToken cancellationToken)
    {
        var name = request.Cluster.Name.Length > 0 ? request.Cluster.Name : ClusterSpec.DefaultName;
        var paths = new ClusterPaths(name);
        if (Specs.Load(name) is null || !File.Exists(paths.Runtime))
        {
            throw new UserError(
                $"cluster {name} is not running",
                name == ClusterSpec.DefaultName ? "`fairlead up` starts it; --kubeconfig names another cluster" : $"`fairlead up --name {name}` starts it");
        }

        using var cluster = UserCluster.Open(request.Cluster with { Name = name });
        var pod = await PodAsync(cluster, request, cancellationToken);
        var file = Path.Combine(paths.Sandbox(pod.Text("metadata", "namespace"), pod.Text("metadata", "name"), pod.Text("metadata", "uid")), "files", "resolv.conf");
        if (!File.Exists(file))
        {
            throw NoNetwork(pod, request);
        }

        var configuration = ResolverConfiguration.Parse(await File.ReadAllTextAsync(file, cancellationToken));
        var (socket, address) = (paths.InspectSocket(pod.Text("spec", "nodeName")), pod.Text("status", "podIP"));
        return await WalkAsync(NewDocument(pod, request, configuration), configuration, request, name => AskAsync(socket, address, name, request.Type, cancellationToken));
    }

    private static async Task<DnsExplanationDocument> FromObjectsAsync(DnsExplainRequest request, CancellationToken cancellationToken)
    {
        using var cluster = UserCluster.Open(request.Cluster);
        var pod = await PodAsync(cluster, request, cancellationToken);
        using var objects = await DnsObjects.ReadAsync(cluster, cancellationToken);
        var configuration = objects.ConfigurationOf(pod);
        var client = IpAddr.Parse(pod.Text("status", "podIP"));
        return await WalkAsync(
            NewDocument(pod, request, configuration) with { Basis = objects.Basis }, configuration, request,
            name => objects.AskAsync(client, name, request.Type, cancellationToken));
    }

    private static async Task<JsonObject> PodAsync(UserCluster cluster, DnsExplainRequest request, CancellationToken cancellationToken)
    {
        var pod = await cluster.AskAsync(
            async token =>
            {
                try
                {
                    return await cluster.Api.GetAsync(ResourceTypes.Pods, request.Namespace, request.Pod, token);
                }
                catch (KubeException e) when (e.Code == 404)
                {
                    throw new UserError($"there is no pod {request.Pod} in namespace {request.Namespace}", "`kubectl get pods -A` lists all there are; -n names another namespace");
                }
            },
            cancellationToken);
        return pod.Text("status", "podIP").Length > 0 ? pod : throw NoNetwork(pod, request);
    }

    private static UserError NoNetwork(JsonObject pod, DnsExplainRequest request) =>
        new($"pod {request.Namespace}/{request.Pod} has no network: it is {pod.Text("status", "phase")}", $"`kubectl -n {request.Namespace} describe pod {request.Pod}` says why");

    private static DnsExplanationDocument NewDocument(JsonObject pod, DnsExplainRequest request, ResolverConfiguration configuration) => new()
    {
        Resolved = false,
        Pod = $"{request.Namespace}/{request.Pod}",
        Node = pod.Text("spec", "nodeName"),
        Address = pod.Text("status", "podIP"),
        Nameservers = [.. configuration.Nameservers.Select(server => server.ToString())],
        Searches = configuration.Searches,
        Ndots = configuration.Ndots,
    };

    // A name that only an upstream knows ends the walk: whether the pod would go on is not known.
    private static async Task<DnsExplanationDocument> WalkAsync(
        DnsExplanationDocument document, ResolverConfiguration configuration, DnsExplainRequest request, Func<string, Task<DnsAnswer>> ask)
    {
        foreach (var candidate in configuration.Candidates(request.Name))
        {
            var answer = await ask(candidate);
            document = document with { Problems = [.. Problems(document, answer)] };
            if (document.Problems.Count > 0 || answer.Explanation is not { } explanation)
            {
                return document;
            }

            document = document with { Names = [.. document.Names, explanation], Resolved = explanation.IsResolved };
            if (explanation.IsResolved || !explanation.IsAsked)
            {
                return document;
            }
        }

        return document;
    }

    private static IEnumerable<string> Problems(DnsExplanationDocument document, DnsAnswer answer)
    {
        if (document.Nameservers.Count == 0)
        {
            yield return document.Basis.Length > 0
                ? "it asks what its node asks, which is not known here (dnsPolicy, hostNetwork)" : "its resolv.conf names no name server (dnsPolicy, dnsConfig)";
        }
        else if (!answer.Servers.Contains(document.Nameservers[0]))
        {
            yield return $"it asks {document.Nameservers[0]}, which is not the cluster's DNS ({string.Join(", ", answer.Servers)}): what that answers is not known here (dnsPolicy, dnsConfig)";
        }

        if (answer.DeniedBy.Count > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"network policy keeps it from its DNS: {string.Join(", ", answer.DeniedBy)} isolate its egress, and no rule allows UDP port 53 to pods k8s-app=kube-dns of namespace kube-system");
        }

        if (answer.Explanation is null)
        {
            yield return "the DNS of its node does not serve yet";
        }
    }

    private static async Task<DnsAnswer> AskAsync(string socket, string client, string name, string type, CancellationToken cancellationToken)
    {
        var path = $"dns?client={Uri.EscapeDataString(client)}&name={Uri.EscapeDataString(name)}&type={Uri.EscapeDataString(type)}";
        try
        {
            return await AgentClient.GetAsync(socket, path, async (body, token) => await JsonSerializer.DeserializeAsync(body, ExplainJson.Default.DnsAnswer, token) ?? new DnsAnswer(), cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            throw new UserError($"the agent of the pod's node does not answer at {socket}: {(e.InnerException ?? e).Message}", "`fairlead status` shows what runs");
        }
    }
}
