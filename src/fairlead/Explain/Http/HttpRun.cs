using System.Text.Json;
using Fairlead.Explain.Reach;
using Fairlead.Kube.Yaml;
using Fairlead.Live;
using Fairlead.Terminal;

namespace Fairlead.Explain.Http;

/// <summary>What `explain URL` was told.</summary>
/// <param name="Url">What is asked for.</param>
/// <param name="Namespace">The namespace of manifests that name none.</param>
/// <param name="Cluster">The cluster that is meant.</param>
/// <param name="Manifests">Files and folders in which rules are to be found.</param>
/// <param name="Probe">Send the request too.</param>
/// <param name="Format"><c>table</c>, <c>json</c> or <c>yaml</c>.</param>
internal sealed record HttpRequestAsked(Uri Url, string Namespace, ClusterChoice Cluster, IReadOnlyList<string> Manifests, bool Probe, string Format);

/// <summary>`fairlead explain http://host/path`: which rule serves it, why not another, and who is asked.</summary>
internal static class HttpRun
{
    /// <summary>Explains and prints. Exit code 1 when neither an endpoint that can be reached is asked nor a redirection answered, or a real request met something else than was explained.</summary>
    /// <exception cref="UserError">There is no cluster to ask.</exception>
    public static async Task<int> RunAsync(HttpRequestAsked asked, Output output, CancellationToken cancellationToken)
    {
        var manifests = ManifestPlaces.Read(asked.Manifests, asked.Namespace);
        using var cluster = UserCluster.Open(asked.Cluster);
        var tables = await cluster.ReadIngressesAsync(cancellationToken);
        var role = await RoleView.ReadAsync(cluster, tables, cancellationToken);
        using var explainer = new HttpExplainer(tables, role, ReachRun.Settings(cluster.Spec), manifests, TimeProvider.System);
        var told = await ShowAsync(explainer.Explain(asked.Url), new RuleExcerpts(cluster.Api, manifests), cancellationToken);
        var probe = asked.Probe ? await HttpProbe.SendAsync(told, TimeProvider.System, cancellationToken) : null;
        Print(told, probe, asked.Format, output);
        return told.IsGood && probe?.Agrees != false ? ExitCodes.Ok : ExitCodes.Failed;
    }

    /// <summary>The lines for people: a line per step with a tick or a cross, and what becomes of the request as a sentence at the end.</summary>
    internal static IEnumerable<ReachLine> Lines(HttpExplanation told, ProbeFinding? probe) =>
    [
        new(LineTone.Plain, $"GET {told.Url}{(told.Addresses.Count > 0 ? $" at {string.Join(", ", told.Addresses.AsEnumerable())}" : "")}"),
        .. ReachText.Steps(told.Steps, told.Ways),
        new(told.IsGood ? LineTone.Good : LineTone.Bad, told.Sentence),
        .. probe is null ? [] : (ReachLine[])[ReachText.Probe(probe, "request")],
    ];

    /// <summary>The policies' rules on the ways, by file and line or as they are.</summary>
    private static async Task<HttpExplanation> ShowAsync(HttpExplanation told, RuleExcerpts excerpts, CancellationToken cancellationToken)
    {
        var shown = await excerpts.ShowAsync(new ReachExplanation { From = "", To = "", Endpoints = told.Ways }, cancellationToken);
        return told with { Ways = shown.Endpoints };
    }

    private static void Print(HttpExplanation told, ProbeFinding? probe, string format, Output output)
    {
        if (format == "table")
        {
            foreach (var line in Lines(told, probe))
            {
                line.Print(output);
            }

            return;
        }

        var document = HttpDocument.Of(told, probe);
        Output.Raw(format == "json"
            ? JsonSerializer.Serialize(document, HttpJson.Default.HttpDocument) + "\n"
            : string.Concat(YamlWriter.Lines(JsonSerializer.SerializeToNode(document, HttpJson.Default.HttpDocument)).Select(line => line + "\n")));
    }
}
