using Fairlead.Cluster;
using Fairlead.Explain.Reach;
using Fairlead.Ingress.Inspection;
using Fairlead.Ingress.Translate;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Explain.Http;

/// <summary>The step at which a request's path finds its route, and why none of the others of that host is it. Pure.</summary>
/// <param name="tables">The cluster, with its Ingresses.</param>
/// <param name="plan">What is served.</param>
/// <param name="manifests">The user's manifests.</param>
internal sealed class PathStep(ClusterTables tables, PlannedIngresses plan, ManifestPlaces manifests)
{
    private const int MaxNotes = 12;

    /// <summary>The step.</summary>
    /// <param name="host">The request's host, in lower case and without port.</param>
    /// <param name="url">What is asked for.</param>
    /// <param name="route">The route that serves it; null: none.</param>
    public ReachStep Of(string host, Uri url, Route? route)
    {
        var path = PathString.FromUriComponent(url).Value ?? "/";
        var routes = plan.Tables.Routes.Find(host);
        var others = (routes?.Routes ?? []).Where(other => other != route).OrderByDescending(other => other.Path.Length).ThenBy(other => other.Path, StringComparer.Ordinal).ToList();
        var told = others.Select(other => (Route: other, Why: PathWords.WhyNot(other, route, path))).ToList();
        var notes = told.Where(one => one.Why.Length > 0).Select(one => $"not {Text(one.Route)} of Ingress {one.Route.Ingress}: {one.Why}").ToList();
        var shown = notes.Take(MaxNotes).Concat(Lost(host, path)).ToList();
        var rest = others.Count - Math.Min(notes.Count, MaxNotes);
        return With(Chosen(host, path, route), route) with { Notes = [.. shown, .. rest > 0 ? [$"{rest} other {(rest == 1 ? "path does" : "paths do")} not match"] : (string[])[]] };
    }

    /// <summary>A path for people.</summary>
    public static string Text(Route route) => $"{route.Path} ({route.Type})";

    private static ReachStep Chosen(string host, string path, Route? route)
    {
        if (route is null)
        {
            return new ReachStep("path", StepVerdict.Fails, "", $"no rule of {host} matches {path}, and there is no default backend: 404");
        }

        return new ReachStep(
            "path", StepVerdict.Ok, $"Ingress {route.Ingress}", route.IsDefault
                ? $"no rule matches {path}: it goes to the default backend of Ingress {route.Ingress}, {route.Backend.Key.Service.Name}:{route.Backend.Key.Port}"
                : $"{path} is {Text(route)} of {HostStep.Text(route.Host)}, of Ingress {route.Ingress}, and leads to {route.Backend.Key.Service.Name}:{route.Backend.Key.Port}");
    }

    /// <summary>Where the rule stands in the manifests.</summary>
    private ReachStep With(ReachStep step, Route? route)
    {
        if (route is null || tables.Ingresses.Get(route.Ingress) is not { } row)
        {
            return step;
        }

        // At a host that is only an alias, the path is that of another of its hosts.
        var place = route.IsDefault ? "spec.defaultBackend" : plan.PathsOf(row).Where(one => !one.IsDefault && one.Path == route.Path && one.Type == route.Type)
            .OrderByDescending(one => one.Host == route.Host).Select(one => one.Place).FirstOrDefault() ?? "spec.rules";
        return step with { At = manifests.Find("Ingress", route.Ingress, place) };
    }

    /// <summary>Paths that match, or that nobody can say of whether they do, and are not served.</summary>
    private IEnumerable<string> Lost(string host, string path)
    {
        var keys = HostStep.Keys(host);
        return tables.Ingresses.Snapshot().Values.Where(row => row.Rules.Any(rule => keys.Contains(rule.Host)) && plan.ClassOf(row).Standing == PathStanding.Served).OrderBy(row => row.Key)
            .SelectMany(plan.PathsOf)
            .Where(one => !one.IsDefault && keys.Contains(one.Host)
                && (one.Standing == PathStanding.Invalid || (one is { Standing: PathStanding.Conflict, Route: { } there } && PathWords.Matches(there, path))))
            .Take(MaxNotes)
            .Select(one => $"not served: {one.Path} ({one.Type}) of Ingress {one.Ingress}: {one.Why}");
    }
}
