using System.Text.Json.Serialization;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Explain.Http;
using Fairlead.Ingress.Inspection;
using Fairlead.Ingress.Translate;

namespace Fairlead.Inspect;

/// <summary>A path of an Ingress, printed.</summary>
internal sealed record RouteDocument
{
    /// <summary>The rule's host: exact, <c>*.example.org</c>, or <c>*</c> for all.</summary>
    public required string Host { get; init; }

    /// <summary>Its path as it is compared.</summary>
    public required string Path { get; init; }

    /// <summary>How it is compared; <c>Default</c> for a default backend.</summary>
    public required string PathType { get; init; }

    /// <summary><c>namespace/name</c>.</summary>
    public required string Ingress { get; init; }

    /// <summary><c>service:port</c>.</summary>
    public required string Backend { get; init; }

    /// <summary>Endpoints that are asked.</summary>
    public int Used { get; init; }

    /// <summary>Endpoints that there are.</summary>
    public int Endpoints { get; init; }

    /// <summary>The Secret that the host is served with over TLS; <c>default</c>; empty when it is not served.</summary>
    public string Certificate { get; init; } = "";

    /// <summary><c>Served</c>, <c>NoEndpoints</c>, or why it is not served.</summary>
    public required string State { get; init; }

    /// <summary>The same in words.</summary>
    public string Why { get; init; } = "";

    /// <summary>What the annotations do, a line each.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>When its Ingress was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>It is served as it is written, or another controller's.</summary>
    [JsonIgnore]
    public bool IsAsWritten => State is "Served" or nameof(PathStanding.OtherController);
}

/// <summary>Something of an Ingress that is not served as it is written, printed.</summary>
internal sealed record RouteFinding(string Ingress, string Reason, string Message);

/// <summary>Every path that a cluster's Ingresses have, and what becomes of it. Pure.</summary>
internal static class RouteRows
{
    private const string Served = "Served";

    /// <summary>The paths in the order in which requests are matched: exact hosts, wildcards, all hosts, defaults; the longest path first.</summary>
    /// <param name="tables">The cluster.</param>
    /// <param name="plan">What is served.</param>
    /// <param name="host">Only what requests for this host may find; empty: all.</param>
    /// <param name="ns">Only Ingresses of this namespace; empty: of all.</param>
    public static IReadOnlyList<RouteDocument> Of(ClusterTables tables, PlannedIngresses plan, string host, string ns)
    {
        var keys = host.Length == 0 ? null : host.StartsWith("*.", StringComparison.Ordinal) ? [host, ""] : HostStep.Keys(host);
        var endpoints = new Dictionary<Backend, (int Used, int All)>();
        var certificates = new Dictionary<string, string>(StringComparer.Ordinal);
        return
        [
            .. tables.Ingresses.Snapshot().Values.Where(row => ns.Length == 0 || row.Key.Namespace == ns)
                .SelectMany(row => plan.PathsOf(row).Select(path => (Row: row, Path: path)))
                .Where(one => keys is null || keys.Contains(one.Path.Host))
                .OrderBy(one => Rank(one.Path)).ThenBy(one => one.Path.Host, StringComparer.Ordinal).ThenByDescending(one => one.Path.Path.Length)
                .ThenBy(one => one.Path.Type != PathType.Exact).ThenBy(one => one.Path.Path, StringComparer.Ordinal)
                .ThenBy(one => one.Path.Standing).ThenBy(one => one.Row.CreatedAt).ThenBy(one => one.Row.Key)
                .Select(one => Row(one.Row, one.Path)),
        ];

        RouteDocument Row(IngressRow row, WrittenPath path)
        {
            var route = path.Standing is PathStanding.Served or PathStanding.Guarded ? path.Route : null;
            var (used, all) = route is null ? (0, 0) : Counted(route.Backend);
            var isEmpty = path.Standing == PathStanding.Served && used == 0;
            return new RouteDocument
            {
                Host = path.Host.Length == 0 ? "*" : path.Host,
                Path = path.Path,
                PathType = path.IsDefault ? "Default" : $"{path.Type}",
                Ingress = $"{row.Key}",
                Backend = $"{path.Backend}",
                Used = used,
                Endpoints = all,
                Certificate = route is null ? "" : Certificate(path.Host),
                State = isEmpty ? "NoEndpoints" : path.Standing == PathStanding.Served ? Served : $"{path.Standing}",
                Why = isEmpty ? $"{route?.Backend.State.Missing}: requests are answered 503" : path.Why,
                Options = route is null ? [] : [.. OptionWords.Of(route.Options, null)],
                CreatedAt = row.CreatedAt,
            };
        }

        (int Used, int All) Counted(Backend backend)
        {
            if (!endpoints.TryGetValue(backend, out var counted))
            {
                var known = plan.EndpointsOf(backend);
                endpoints[backend] = counted = (known.Count(one => one.IsUsed), known.Count);
            }

            return counted;
        }

        string Certificate(string of)
        {
            if (!certificates.TryGetValue(of, out var shown))
            {
                var certificate = plan.CertificateOf(of);
                certificates[of] = shown = certificate.Secret is { } secret ? $"{secret}"
                    : certificate.Subject.Length > 0 || certificate.Named.Count == 0 ? "default" : $"{certificate.Named[0]} (not readable)";
            }

            return shown;
        }
    }

    /// <summary>What of the Ingresses is not served as it is written, beside what the paths themselves say: annotations, backends, certificates.</summary>
    /// <param name="plan">What is served.</param>
    /// <param name="routes">The paths that are shown: only their Ingresses count.</param>
    public static IReadOnlyList<RouteFinding> Findings(PlannedIngresses plan, IReadOnlyList<RouteDocument> routes)
    {
        var shown = routes.Select(route => route.Ingress).ToHashSet();
        var served = plan.Tables.Served.Snapshot().Where(pair => shown.Contains($"{pair.Key}")).OrderBy(pair => pair.Key).ToList();
        return
        [
            .. served.SelectMany(pair => pair.Value.Findings.Where(finding => finding.Reason != "Conflict").Select(finding => new RouteFinding($"{pair.Key}", finding.Reason, finding.Message))),
            .. served.SelectMany(pair => pair.Value.Secrets.Select(secret => (pair.Key, Secret: secret, Row: plan.Tables.CertificateProblems.Get(secret))))
                .Where(one => one.Row is not null).Select(one => new RouteFinding($"{one.Key}", "CertificateProblem", $"Secret {one.Secret}: {one.Row!.Problem}")),
        ];
    }

    private static int Rank(WrittenPath path) => path.IsDefault ? 3 : path.Host.Length == 0 ? 2 : path.Host.StartsWith('*') ? 1 : 0;
}
