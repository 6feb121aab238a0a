using System.Text.Json;
using Fairlead.Inspect;
using Fairlead.Policy.Drops;
using Fairlead.Terminal;

namespace Fairlead.Observe;

/// <summary>What `observe` was told.</summary>
/// <param name="Agents">Whom to ask.</param>
/// <param name="Query">What to ask.</param>
/// <param name="Follows">Go on with each drop to come.</param>
/// <param name="IsJson">An object a line instead of words.</param>
internal sealed record ObserveRequest(AgentsRequest Agents, DropsQuery Query, bool Follows, bool IsJson);

/// <summary>`fairlead observe`: what policy dropped, on all nodes, in order of time; and goes on through restarts of agents.</summary>
internal sealed class Observer(ObserveRequest request, Output output, TimeProvider time)
{
    // A restarted agent is back in tenths of a second.
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(250);

    private readonly Lock _printing = new();

    /// <summary>Asks and prints. Exit code 1 when an agent does not answer.</summary>
    /// <exception cref="UserError">There is nobody to ask, or nothing of that name.</exception>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var agents = Inspector.Agents(request.Agents);
        var answers = await Task.WhenAll(agents.Select(agent => AskAsync(agent, cancellationToken)));
        FailOnUnknown(answers);
        var records = answers.SelectMany(answer => answer.Records).OrderBy(record => record.Time).ToList();
        Print(request.Query.Last > 0 ? records.TakeLast(request.Query.Last) : records);
        foreach (var answer in answers.Where(answer => (answer.Error ?? answer.Head!.Problem) is not null))
        {
            output.Warn($"{answer.Node}: {answer.Error ?? answer.Head!.Problem}");
        }

        if (records.Count == 0 && answers.Any(answer => answer.Head is not null))
        {
            var back = answers.Max(answer => answer.Head?.SecondsBack ?? 0);
            var fits = request.Query.Filter == new DropFilter() ? "nothing was dropped" : "nothing that fits was dropped";
            output.Note($"{fits} in the last {DropText.Span(back)}{(request.Follows ? "; waiting" : "")}");
        }

        if (request.Follows)
        {
            await Task.WhenAll(agents.Zip(answers, (agent, answer) => FollowAsync(agent, answer, cancellationToken)));
        }

        return answers.All(answer => answer.Error is null) ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static void FailOnUnknown(IReadOnlyList<Answer> answers)
    {
        // All agents know the same cluster; a record may be known to one alone.
        var heads = answers.Select(answer => answer.Head).OfType<DropsHead>().ToList();
        if (heads.Count > 0 && heads[0].Unknown.FirstOrDefault(name => heads.All(head => head.Unknown.Contains(name))) is { } unknown)
        {
            throw new UserError($"there is no {unknown}, and no drop that was told of names it", "`fairlead observe` without filters shows what there is");
        }
    }

    private async Task<Answer> AskAsync((string Node, string Socket) agent, CancellationToken cancellationToken)
    {
        var (answer, error) = await AgentClient.TryAsync(agent.Socket, request.Query.Path, ReadAsync, cancellationToken);
        return answer is null ? new Answer(agent.Node, error, null, []) : answer with { Node = answer.Head!.Node };
    }

    private static async Task<Answer> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        using var lines = new StreamReader(body);
        var head = HeadOf(await lines.ReadLineAsync(cancellationToken));
        var records = new List<DropRecord>();
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            records.Add(JsonSerializer.Deserialize(line, ObserveJson.Default.DropsLine)!.Record);
        }

        return new Answer(head.Node, null, head, records);
    }

    private static DropsHead HeadOf(string? line) => JsonSerializer.Deserialize(line ?? "", ObserveJson.Default.DropsHead)!;

    /// <summary>Prints what one agent tells, until cancelled: one that goes away is asked again, from where it was, when it is back.</summary>
    private async Task FollowAsync((string Node, string Socket) agent, Answer answer, CancellationToken cancellationToken)
    {
        var place = new Place { Run = answer.Head?.Run ?? 0, After = answer.Head?.LastId ?? 0, IsAway = answer.Head is null };
        while (true)
        {
            try
            {
                var query = request.Query with { Follows = true, Since = default, Last = 0, Run = place.Run, After = place.After };
                await AgentClient.GetAsync(agent.Socket, query.Path, (body, reading) => FollowAsync(body, place, reading), cancellationToken);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
            {
                // Looked at below: it is away.
            }

            if (!place.IsAway)
            {
                place.IsAway = true;
                output.Warn($"{agent.Node}: its agent went away; what is dropped meanwhile is not told");
            }

            // Throws when the cluster is there no more.
            Inspector.Agents(request.Agents);
            await Task.Delay(Retry, time, cancellationToken);
        }
    }

    private async Task<object> FollowAsync(Stream body, Place place, CancellationToken cancellationToken)
    {
        using var lines = new StreamReader(body);
        var head = HeadOf(await lines.ReadLineAsync(cancellationToken));
        if (place.IsAway)
        {
            output.Note($"{head.Node}: its agent is back");
        }

        (place.After, place.Run, place.IsAway) = (head.Run == place.Run ? place.After : 0, head.Run, false);
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            var next = JsonSerializer.Deserialize(line, ObserveJson.Default.DropsLine)!;
            if (next.Missed > 0)
            {
                output.Warn($"{head.Node}: {next.Missed} drops came too fast to be told");
            }

            Print([next.Record]);
            place.After = next.Record.Id;
        }

        return place;
    }

    private void Print(IEnumerable<DropRecord> records)
    {
        lock (_printing)
        {
            foreach (var record in records)
            {
                Output.Raw(request.IsJson
                    ? JsonSerializer.Serialize(record, ObserveJson.Default.DropRecord) + "\n"
                    : Output.Printable(DropText.Line(record, TimeZoneInfo.Local)) + "\n");
            }
        }
    }

    /// <summary>How far one agent was read.</summary>
    private sealed class Place
    {
        public long Run { get; set; }

        public long After { get; set; }

        public bool IsAway { get; set; }
    }

    private sealed record Answer(string Node, string? Error, DropsHead? Head, IReadOnlyList<DropRecord> Records);
}
