using Fairlead.Inspect;
using Fairlead.Policy;

namespace Fairlead.OneMachine;

/// <summary>What `status` says of the policies that each node's packet filter holds, when they are not known to be the newest.</summary>
internal static class PolicyStandings
{
    // An agent that does not answer at once is told as one that does not answer.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    /// <summary>A sentence for each node whose policies may not be the newest.</summary>
    /// <param name="nodes">The nodes, and where their agents listen.</param>
    /// <param name="isApiGone">The API server does not answer, so that nobody knows of anything newer.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<IReadOnlyList<string>> ReadAsync(
        IEnumerable<(string Node, string Socket)> nodes, bool isApiGone, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(nodes.Select(async node => Sentence(node.Node, await AskAsync(node.Socket, cancellationToken), isApiGone)));
        return [.. answers.OfType<string>()];
    }

    /// <summary>What is to be said of one node; null: nothing.</summary>
    /// <param name="node">Its name.</param>
    /// <param name="standing">What its agent says; null: it says nothing.</param>
    /// <param name="isApiGone">The API server does not answer.</param>
    internal static string? Sentence(string node, PolicyStanding? standing, bool isApiGone) => standing switch
    {
        null => $"policies on {node} stay as its agent left them, and pod addresses that it knew nothing of stay closed: it does not answer",
        PolicyStanding.Closed => $"policies on {node} are not known yet: its pod range is closed",
        PolicyStanding.Kept => $"policies on {node} are those of its agent's earlier run, and pod addresses that it knew nothing of are closed: the API server has not told it more",
        PolicyStanding.Refused => $"policies on {node} are not the newest: the packet filter refused the last change; the agent tries again, and its log says why",
        PolicyStanding.Uncut => $"policies on {node} are in force, but connections that they allow no longer could not be cut; the agent tries again, and its log says why",
        _ => isApiGone ? $"policies on {node} stay in force as they were last known: nothing newer can be heard" : null,
    };

    private static async Task<PolicyStanding?> AskAsync(string socket, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var (answer, _) = await AgentClient.TryAsync(socket, "policy", ReadAsync, limit.Token);
            return Enum.TryParse<PolicyStanding>(answer, out var standing) ? standing : null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static async Task<string> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        using var text = new StreamReader(body);
        return (await text.ReadToEndAsync(cancellationToken)).Trim();
    }
}
