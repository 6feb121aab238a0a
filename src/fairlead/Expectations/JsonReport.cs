using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Offline;

namespace Fairlead.Expectations;

/// <summary>Results as a document, for programs. Pure.</summary>
internal static class JsonReport
{
    /// <summary>The document.</summary>
    public static JsonObject Of(IReadOnlyList<ModeResult> runs, IReadOnlyList<Mutant>? survivors)
    {
        var report = new JsonObject
        {
            ["apiVersion"] = ExpectationReader.ApiVersion,
            ["kind"] = "ConnectionTestReport",
            ["passed"] = runs.All(run => run.Cases.All(result => result.Passed)) && survivors is not { Count: > 0 },
            ["runs"] = new JsonArray([.. runs.Select(Run)]),
            ["disagreements"] = new JsonArray([.. ResultTable.Disagreements(runs).Select(line => (JsonNode)line)]),
        };
        if (survivors is not null)
        {
            report["untested"] = new JsonArray([.. survivors.Select(mutant => Policy(mutant.Kind, mutant.Policy, mutant.Path, mutant.Place, ("dropped", mutant.Text)))]);
        }

        return report;
    }

    /// <summary>A document as text, indented.</summary>
    public static string Text(JsonNode document)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            document.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    /// <summary>A policy or a rule of it, and where it is written.</summary>
    public static JsonObject Policy(string kind, ObjectKey key, string path, SourcePlace? place, params (string Name, string Text)[] more)
    {
        var policy = new JsonObject { ["kind"] = kind, ["namespace"] = key.Namespace, ["name"] = key.Name, ["path"] = path };
        foreach (var (name, text) in more)
        {
            policy[name] = text;
        }

        if (place is not null)
        {
            policy["file"] = place.File;
            policy["line"] = place.Line;
        }

        return policy;
    }

    private static JsonObject Run(ModeResult run) => new()
    {
        ["mode"] = run.Name,
        ["cases"] = new JsonArray([.. run.Cases.Select(result => Case(result, run))]),
    };

    private static JsonObject Case(CaseResult result, ModeResult run) => new()
    {
        ["name"] = result.Expectation.Name,
        ["file"] = result.Expectation.Place.File,
        ["line"] = result.Expectation.Place.Line,
        ["from"] = result.Expectation.From.Text,
        ["to"] = result.Expectation.To.Text,
        ["ports"] = CaseText.Ports(result),
        ["expect"] = result.Expectation.ExpectText,
        ["seen"] = result.Seen,
        ["passed"] = result.Passed,
        ["why"] = CaseText.Why(result, run),
        ["connections"] = new JsonArray([.. result.Connections.Select(one => Connection(one, run.View))]),
    };

    private static JsonObject Connection(ConnectionResult result, ClusterView view) => new()
    {
        ["from"] = result.Connection.From,
        ["to"] = result.Connection.To,
        ["source"] = $"{result.Connection.Source}",
        ["target"] = $"{result.Connection.Target}",
        ["port"] = result.Connection.PortText,
        ["seen"] = $"{result.Sight}".ToLowerInvariant(),
        ["detail"] = result.Detail,
        ["policies"] = new JsonArray([.. VerdictText.Places(result.Verdict, view).Select(one => Policy(one.Kind, one.Policy, one.Path, one.Place))]),
    };
}
