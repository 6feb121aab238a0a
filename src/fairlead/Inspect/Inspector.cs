using System.Text.Json;
using Fairlead.Composition;
using Fairlead.OneMachine;
using Fairlead.Proxy.Inspection;
using Fairlead.Terminal;

namespace Fairlead.Inspect;

/// <summary>What `inspect` was told.</summary>
/// <param name="Agents">Whom to ask.</param>
/// <param name="Query">What to ask.</param>
/// <param name="Format"><c>table</c>, <c>wide</c> or <c>json</c>.</param>
internal sealed record InspectRequest(AgentsRequest Agents, InspectionQuery Query, string Format);

/// <summary>Which agents to ask.</summary>
/// <param name="Cluster">The one-machine cluster.</param>
/// <param name="Node">Its only node to ask; empty: all.</param>
/// <param name="Socket">The agent to ask instead, of a cluster of others; empty: none named.</param>
internal sealed record AgentsRequest(string Cluster, string Node, string Socket);

/// <summary>`fairlead inspect`: asks agents what their kernels hold, and prints it.</summary>
internal static class Inspector
{
    /// <summary>Asks and prints. Exit code 1 when something is out of step or an agent does not answer.</summary>
    /// <exception cref="UserError">There is nobody to ask, or nothing of that name.</exception>
    public static async Task<int> RunAsync(InspectRequest request, Output output, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(Agents(request.Agents).Select(agent => AgentClient.AskAsync(agent.Node, agent.Socket, request.Query, cancellationToken)));
        if (request.Query.Name.Length > 0 && answers.All(answer => answer.Error is null && answer.Services.Count == 0))
        {
            var name = request.Query.Namespace.Length > 0 ? $"{request.Query.Namespace}/{request.Query.Name}" : request.Query.Name;
            throw new UserError($"there is no Service {name}", "`fairlead inspect services` lists all there are");
        }

        var isInStep = answers.All(answer => answer.InStep);
        if (request.Format == "json")
        {
            Output.Raw(JsonSerializer.Serialize(new InspectionDocument(isInStep, answers), InspectJson.Default.InspectionDocument) + "\n");
        }
        else
        {
            Print(answers, request, output);
        }

        return isInStep ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static void Print(NodeAnswer[] answers, InspectRequest request, Output output)
    {
        var lines = InspectionTable.Lines(answers, request.Query.Depth, request.Format == "wide");
        foreach (var line in lines)
        {
            Output.Raw(Output.Printable(line) + "\n");
        }

        if (lines.Count == 0 && answers.Any(answer => answer.Error is null))
        {
            output.Warn($"there are no {request.Query.Depth.ToString().ToLowerInvariant()} to show");
        }

        foreach (var answer in answers)
        {
            foreach (var problem in answer.Error is { } error ? answer.Problems.Append(error) : answer.Problems)
            {
                output.Warn($"{answer.Node}: {problem}");
            }
        }
    }

    /// <summary>A named socket; else the nodes of the one-machine cluster; else, where there is none, the agent of this machine as a node of others.</summary>
    /// <exception cref="UserError">There is no such cluster, or no such node in it.</exception>
    public static IReadOnlyList<(string Node, string Socket)> Agents(AgentsRequest request)
    {
        var spec = request.Socket.Length > 0 ? null : Specs.Load(request.Cluster);
        if (spec is null)
        {
            var socket = request.Socket.Length > 0 ? request.Socket : AgentOptions.DefaultInspectSocket;
            return request.Socket.Length > 0 || (request.Cluster == ClusterSpec.DefaultName && File.Exists(socket))
                ? [("this node", socket)]
                : throw new UserError(
                    $"there is no cluster {request.Cluster}", $"`{Start(request.Cluster)}` starts one; on a node of another cluster, --socket names where its agent answers");
        }

        var paths = new ClusterPaths(spec.Name);
        if (!File.Exists(paths.Runtime))
        {
            throw new UserError($"cluster {spec.Name} is not running", $"`{Start(spec.Name)}` goes on with it");
        }

        var nodes = Enumerable.Range(1, spec.Nodes).Select(spec.NodeName).ToList();
        return request.Node.Length > 0 && !nodes.Contains(request.Node)
            ? throw new UserError($"cluster {spec.Name} has no node {request.Node}", $"its nodes: {string.Join(", ", nodes)}")
            : [.. nodes.Where(node => request.Node.Length == 0 || node == request.Node).Select(node => (node, paths.InspectSocket(node)))];
    }

    private static string Start(string cluster) => cluster == ClusterSpec.DefaultName ? "fairlead up" : $"fairlead up --name {cluster}";
}
