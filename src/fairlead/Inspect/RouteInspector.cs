using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Explain.Http;
using Fairlead.Ingress.Inspection;
using Fairlead.Kube.Yaml;
using Fairlead.Live;
using Fairlead.Terminal;

namespace Fairlead.Inspect;

/// <summary>What `inspect routes` was told.</summary>
/// <param name="Host">Only what requests for this host may find; empty: all.</param>
/// <param name="Namespace">Only Ingresses of this namespace; empty: of all.</param>
/// <param name="Cluster">The cluster that is meant.</param>
/// <param name="Format"><c>table</c>, <c>wide</c>, <c>json</c> or <c>yaml</c>.</param>
internal sealed record RouteInspectRequest(string Host, string Namespace, ClusterChoice Cluster, string Format);

/// <summary>What `fairlead inspect routes -o json` prints.</summary>
/// <param name="AsWritten">Every path is served as it is written, and somebody serves.</param>
/// <param name="Basis">What the paths are computed from.</param>
/// <param name="Serving">Somebody serves Ingresses; null: it cannot be told.</param>
/// <param name="Role">Who serves and where, in words.</param>
/// <param name="Routes">Each path, in the order in which requests are matched.</param>
/// <param name="Findings">What else is not served as it is written.</param>
internal sealed record RoutesDocument(bool AsWritten, string Basis, bool? Serving, string Role, IReadOnlyList<RouteDocument> Routes, IReadOnlyList<RouteFinding> Findings);

/// <summary>The document of an inspection of routes, printed.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RoutesDocument))]
internal sealed partial class RoutesJson : JsonSerializerContext;

/// <summary>`fairlead inspect routes`: compiles a cluster's Ingresses by the code that serves them, and prints what becomes of each path.</summary>
internal static class RouteInspector
{
    private const string Basis = "computed from the cluster's objects by the compiler that serves them; no pod was asked";
    private const string None = "<none>";

    /// <summary>Compiles and prints. Exit code 1 when something is not served as it is written, or nobody serves.</summary>
    /// <exception cref="UserError">There is no cluster to ask.</exception>
    public static async Task<int> RunAsync(RouteInspectRequest request, Output output, CancellationToken cancellationToken)
    {
        using var cluster = UserCluster.Open(request.Cluster);
        var tables = await cluster.ReadIngressesAsync(cancellationToken);
        var role = await RoleView.ReadAsync(cluster, tables, cancellationToken);
        using var plan = new PlannedIngresses(role.Options, tables, TimeProvider.System);
        var routes = RouteRows.Of(tables, plan, request.Host.TrimEnd('.').ToLowerInvariant(), request.Namespace);
        var document = Document(role, routes, RouteRows.Findings(plan, routes));
        Print(document, request.Format, TimeProvider.System.GetUtcNow(), output);
        return document.AsWritten ? ExitCodes.Ok : ExitCodes.Failed;
    }

    /// <summary>All that is printed.</summary>
    internal static RoutesDocument Document(RoleView role, IReadOnlyList<RouteDocument> routes, IReadOnlyList<RouteFinding> findings) =>
        new(role.IsServing != false && routes.All(route => route.IsAsWritten) && findings.Count == 0, Basis, role.IsServing, role.Words, routes, findings);

    /// <summary>The table: a header in capitals, then a row for each path; empty when there is none.</summary>
    /// <param name="routes">The paths.</param>
    /// <param name="isWide">All columns.</param>
    /// <param name="now">From when ages are counted.</param>
    internal static IReadOnlyList<string> Table(IReadOnlyList<RouteDocument> routes, bool isWide, DateTimeOffset now)
    {
        string[] header = ["HOST", "PATH", "TYPE", "INGRESS", "BACKEND", "ENDPOINTS", "CERTIFICATE", .. isWide ? ["AGE", "OPTIONS"] : (string[])[], "STATUS"];
        return routes.Count == 0 ? [] : InspectionTable.Align([header, .. routes.Select(route => (string[])
        [
            route.Host, route.Path, route.PathType, route.Ingress, route.Backend, string.Create(CultureInfo.InvariantCulture, $"{route.Used}/{route.Endpoints}"),
            route.Certificate.Length > 0 ? route.Certificate : None,
            .. isWide ? [Age(now - route.CreatedAt), route.Options.Count > 0 ? string.Join("; ", route.Options) : None] : (string[])[],
            route.Why.Length > 0 ? $"{route.State}: {route.Why}" : route.State,
        ])]);
    }

    private static void Print(RoutesDocument document, string format, DateTimeOffset now, Output output)
    {
        if (format is "json" or "yaml")
        {
            Output.Raw(format == "json"
                ? JsonSerializer.Serialize(document, RoutesJson.Default.RoutesDocument) + "\n"
                : string.Concat(YamlWriter.Lines(JsonSerializer.SerializeToNode(document, RoutesJson.Default.RoutesDocument)).Select(line => line + "\n")));
            return;
        }

        foreach (var line in Table(document.Routes, format == "wide", now))
        {
            Output.Raw(Output.Printable(line) + "\n");
        }

        foreach (var finding in document.Findings)
        {
            output.Warn($"{finding.Ingress}: {finding.Reason}: {finding.Message}");
        }

        if (document.Serving == true)
        {
            output.Note($"{document.Basis}; {document.Role}");
        }
        else
        {
            output.Note(document.Basis);
            output.Warn(document.Role);
        }

        if (document.Routes.Count == 0)
        {
            output.Warn("there are no routes to show");
        }
    }

    private static string Age(TimeSpan age)
    {
        var (number, unit) = age.TotalDays >= 2 ? (age.TotalDays, 'd') : age.TotalHours >= 2 ? (age.TotalHours, 'h') : age.TotalMinutes >= 2 ? (age.TotalMinutes, 'm') : (age.TotalSeconds, 's');
        return string.Create(CultureInfo.InvariantCulture, $"{Math.Max((long)number, 0)}{unit}");
    }
}
