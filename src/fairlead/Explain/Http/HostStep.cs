using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Explain.Reach;
using Fairlead.Ingress.Inspection;
using Fairlead.Ingress.Translate;

namespace Fairlead.Explain.Http;

/// <summary>The step at which a request's host finds its rules: whose there are, exact before wildcard before all hosts; and who has rules that are not served. Pure.</summary>
/// <param name="tables">The cluster, with its Ingresses.</param>
/// <param name="plan">What is served.</param>
internal sealed class HostStep(ClusterTables tables, PlannedIngresses plan)
{
    private const int MaxNotes = 12;

    private readonly Dictionary<string, HostRoutes> _hosts = new(plan.Tables.Routes.Hosts, StringComparer.Ordinal);

    /// <summary>The hosts whose rules a request may find, in the order in which they are looked for.</summary>
    public static IReadOnlyList<string> Keys(string host) => host.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? [host, $"*{host[dot..]}", ""] : [host, ""];

    /// <summary>The step.</summary>
    /// <param name="host">The request's host, in lower case and without port.</param>
    /// <param name="route">The route that its path finds; null: none.</param>
    public ReachStep Of(string host, Route? route)
    {
        var keys = Keys(host);
        var used = keys.FirstOrDefault(_hosts.ContainsKey);
        var notes = keys.SkipWhile(key => key != used).Skip(1).Where(_hosts.ContainsKey)
            .Select(key => $"not looked at: the rules for {Text(key)} ({Owners(key)}), as {Text(used ?? "")} has rules of its own")
            .Concat(Unserved(keys, route)).Concat(NearMisses(host)).ToList();
        var words = used is null
            ? plan.Tables.Routes.Default is { } otherwise
                ? $"no Ingress that is served has a rule for {host}: what matches no rule goes to the default backend of Ingress {otherwise.Ingress}"
                : $"no Ingress that is served has a rule for {string.Join(", ", keys.Select(Text))}"
            : $"{(used == host ? "" : $"none has a rule for {string.Join(" or ", keys.TakeWhile(key => key != used).Select(Text))}; ")}{Text(used)} has the rules of {Owners(used)}";
        return new ReachStep("host", used is null && plan.Tables.Routes.Default is null ? StepVerdict.Fails : StepVerdict.Ok, "", words)
        {
            Notes = [.. notes.Take(MaxNotes), .. notes.Count > MaxNotes ? [$"and {notes.Count - MaxNotes} more"] : (string[])[]],
        };
    }

    /// <summary>A host for people.</summary>
    public static string Text(string host) => host.Length == 0 ? "all hosts" : host;

    private string Owners(string key)
    {
        var owners = tables.Ingresses.Snapshot().Values.Where(row => plan.ClassOf(row).Standing == PathStanding.Served && row.Rules.Any(rule => rule.Host == key)).OrderBy(row => row.CreatedAt).ThenBy(row => row.Key)
            .Select(row => $"Ingress {row.Key}").ToList();
        return owners.Count > 0 ? string.Join(", ", owners) : string.Join(", ", _hosts[key].Routes.Select(route => $"Ingress {route.Ingress} (server-alias)").Distinct());
    }

    /// <summary>Ingresses that would match and are not served, by their class.</summary>
    private IEnumerable<string> Unserved(IReadOnlyList<string> keys, Route? route) => tables.Ingresses.Snapshot().Values.OrderBy(row => row.Key)
        .Where(row => row.Rules.Any(rule => keys.Contains(rule.Host)) || (row.DefaultBackend is not null && route is null or { IsDefault: true }))
        .Select(row => (Row: row, plan.ClassOf(row).Why)).Where(one => one.Why.Length > 0)
        .Select(one => $"not served: Ingress {one.Row.Key} ({Named(one.Row, keys)}): {one.Why}");

    private static string Named(IngressRow row, IReadOnlyList<string> keys) =>
        row.Rules.Where(rule => keys.Contains(rule.Host)).Select(rule => Text(rule.Host)).Distinct().ToList() is { Count: > 0 } hosts ? string.Join(", ", hosts) : "default backend";

    /// <summary>Wildcards that look as if they had the host.</summary>
    private IEnumerable<string> NearMisses(string host) => _hosts.Keys.Order(StringComparer.Ordinal)
        .Where(key => key.StartsWith("*.", StringComparison.Ordinal) && (key[2..] == host || (host.EndsWith(key[1..], StringComparison.Ordinal) && host[..^(key.Length - 1)].Contains('.', StringComparison.Ordinal))))
        .Select(key => $"{key} ({Owners(key)}) stands for exactly one label before {key[2..]}: it does not have {host}");
}
