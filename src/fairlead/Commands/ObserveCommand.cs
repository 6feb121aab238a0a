using System.CommandLine;
using System.CommandLine.Parsing;
using Fairlead.Inspect;
using Fairlead.Observe;
using Fairlead.Policy.Drops;
using Fairlead.Terminal;

namespace Fairlead.Commands;

/// <summary><c>fairlead observe</c>: what policy drops, and which policy.</summary>
internal static class ObserveCommand
{
    private const int LastByDefault = 20;

    /// <summary>Makes the command.</summary>
    public static Command Create(Output output)
    {
        var cluster = CommonOptions.Name();
        var (node, socket) = (Text("--node", "Drops on one node; on all unless given"), Text("--socket", "Where the agent to ask answers, on a node of another cluster: what its --inspect-socket says"));
        var ns = Text("--namespace", "Drops with an end in one namespace", "-n");
        var (pod, policy) = (Text("--pod", "Drops with this pod as an end: name or namespace/name"), Text("--policy", "Drops of one policy: name or namespace/name"));
        var (from, to) = (Text("--from", "Who sent it: a pod or an address"), Text("--to", "Whom it was for: a pod or an address"));
        var direction = Text("--direction", "in: refused at the receiver's side; out: at the sender's");
        direction.AcceptOnlyFromAmong("in", "out");
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with each drop to come" };
        var since = new Option<TimeSpan>("--since") { Description = "No older ones, such as 90s or 5m; all there are, 20 at most, unless given", CustomParser = Span };
        var last = new Option<int>("--last") { Description = "At most so many of those there are, the newest; 20 unless --since is given" };
        last.Validators.Add(result => AddIf(result, result.GetValueOrDefault<int>() < 0, "--last takes a number that is not negative"));
        var format = new Option<string>("--output", "-o") { Description = "table or json, an object a line", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json");
        var command = new Command("observe", "Show what policy dropped: who, whom, which policy and why")
        {
            cluster, node, ns, pod, from, to, direction, policy, follow, since, last, socket, format,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            string Of(Option<string> option) => parsed.GetValue(option) ?? "";
            var span = parsed.GetValue(since);
            var most = parsed.GetResult(last) is null ? span == default ? LastByDefault : 0 : parsed.GetValue(last);
            var filter = new DropFilter(Of(ns), Of(pod), Of(from), Of(to), Of(direction), Of(policy));
            var request = new ObserveRequest(
                new AgentsRequest(parsed.GetRequiredValue(cluster), Of(node), Of(socket)), new DropsQuery(filter, span, most), parsed.GetValue(follow), Of(format) == "json");
            return new Observer(request, output, TimeProvider.System).RunAsync(cancellationToken);
        });
        return command;
    }

    private static Option<string> Text(string name, string description, params string[] aliases) => new(name, aliases) { Description = description };

    private static void AddIf(SymbolResult result, bool isWrong, string error)
    {
        if (isWrong)
        {
            result.AddError(error);
        }
    }

    private static TimeSpan Span(ArgumentResult result)
    {
        AddIf(result, !DropText.TryParseSpan(result.Tokens[0].Value, out var span), $"{result.Tokens[0].Value} is no time span; such as 90s, 5m or 1h30m");
        return span;
    }
}
