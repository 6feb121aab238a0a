using System.Text.Json;
using Fairlead.Terminal;

namespace Fairlead.Inspect;

/// <summary>What `inspect dns` was told.</summary>
/// <param name="Agents">Whom to ask.</param>
/// <param name="Most">How many of the names that do not exist at most.</param>
/// <param name="Format"><c>table</c>, <c>wide</c> or <c>json</c>.</param>
internal sealed record DnsInspectRequest(AgentsRequest Agents, int Most, string Format);

/// <summary>`fairlead inspect dns`: asks agents how their DNS stands, and prints it.</summary>
internal static class DnsInspector
{
    /// <summary>Asks and prints. Exit code 1 when a node's DNS is not ready or its agent does not answer.</summary>
    /// <exception cref="UserError">There is nobody to ask.</exception>
    public static async Task<int> RunAsync(DnsInspectRequest request, Output output, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(Inspector.Agents(request.Agents).Select(agent => AskAsync(agent, request.Most, cancellationToken)));
        var isReady = answers.All(answer => answer.IsReady);
        if (request.Format == "json")
        {
            Output.Raw(JsonSerializer.Serialize(new DnsStatusDocument(isReady, answers), DnsStatusJson.Default.DnsStatusDocument) + "\n");
            return isReady ? ExitCodes.Ok : ExitCodes.Failed;
        }

        var isWide = request.Format == "wide";
        Print(DnsStatusTable.Nodes(answers, isWide));
        foreach (var table in (IReadOnlyList<string>[])[DnsStatusTable.Upstreams(answers), DnsStatusTable.Missing(answers, request.Most, isWide)])
        {
            Output.Raw(table.Count > 0 ? "\n" : "");
            Print(table);
        }

        foreach (var answer in answers)
        {
            foreach (var problem in answer.Error is { } error ? [error] : DnsStatusTable.Problems(answer.Status))
            {
                output.Warn($"{answer.Node}: {problem}");
            }
        }

        return isReady ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static void Print(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            Output.Raw(Output.Printable(line) + "\n");
        }
    }

    private static async Task<DnsStatusAnswer> AskAsync((string Node, string Socket) agent, int most, CancellationToken cancellationToken)
    {
        var (answer, error) = await AgentClient.TryAsync(
            agent.Socket, $"dns-status?most={most}",
            async (body, reading) => await JsonSerializer.DeserializeAsync(body, DnsStatusJson.Default.DnsStatusAnswer, reading)
                ?? throw new JsonException("nothing"),
            cancellationToken);
        return answer ?? new DnsStatusAnswer { Node = agent.Node, Error = error };
    }
}
