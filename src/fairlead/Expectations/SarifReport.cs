using System.Text.Json.Nodes;
using Fairlead.Offline;

namespace Fairlead.Expectations;

/// <summary>
/// Misses as SARIF 2.1.0 (OASIS), which code hosts show at the line: the expectation, and beside it what decided. Rules that no expectation would miss, at
/// theirs. Pure.
/// </summary>
internal static class SarifReport
{
    private const string Missed = "fairlead/connection";
    private const string Untested = "fairlead/untested-rule";

    /// <summary>The document.</summary>
    public static JsonObject Of(IReadOnlyList<ModeResult> runs, IReadOnlyList<Mutant> survivors)
    {
        var results = runs.SelectMany(run => run.Cases.Where(result => !result.Passed).Select(result => Result(result, run)))
            .Concat(survivors.Where(mutant => mutant.Place is not null).Select(Result));
        return new JsonObject
        {
            ["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json",
            ["version"] = "2.1.0",
            ["runs"] = new JsonArray(new JsonObject
            {
                ["tool"] = new JsonObject
                {
                    ["driver"] = new JsonObject
                    {
                        ["name"] = "fairlead",
                        ["rules"] = new JsonArray(
                            Rule(Missed, "A connection is not as a test expects it"),
                            Rule(Untested, "A part of a policy could go and no test would fail")),
                    },
                },
                ["columnKind"] = "utf16CodeUnits",
                ["results"] = new JsonArray([.. results]),
            }),
        };
    }

    private static JsonObject Rule(string id, string text) => new() { ["id"] = id, ["shortDescription"] = Message(text) };

    private static JsonObject Result(CaseResult result, ModeResult run)
    {
        var expectation = result.Expectation;
        var related = result.Misses.SelectMany(miss => VerdictText.Places(miss.Verdict, run.View)).Where(one => one.Place is not null).DistinctBy(one => one.Place)
            .Select(one => Location(one.Place!, $"{one.Policy} {one.Path}".TrimEnd()));
        return new JsonObject
        {
            ["ruleId"] = Missed,
            ["level"] = "error",
            ["message"] = Message($"{CaseText.Title(result)}: expected {expectation.ExpectText}, {result.Seen} ({run.Name}): {CaseText.Why(result, run)}"),
            ["locations"] = new JsonArray(Location(expectation.Place, "")),
            ["relatedLocations"] = new JsonArray([.. related]),
        };
    }

    private static JsonObject Result(Mutant mutant) => new()
    {
        ["ruleId"] = Untested,
        ["level"] = "warning",
        ["message"] = Message($"{mutant.Text}: no test would miss it"),
        ["locations"] = new JsonArray(Location(mutant.Place!, "")),
    };

    private static JsonObject Location(SourcePlace place, string text)
    {
        var location = new JsonObject
        {
            ["physicalLocation"] = new JsonObject
            {
                ["artifactLocation"] = new JsonObject { ["uri"] = string.Join('/', place.File.Split('/').Select(Uri.EscapeDataString)) },
                ["region"] = new JsonObject { ["startLine"] = place.Line, ["startColumn"] = place.Column },
            },
        };
        if (text.Length > 0)
        {
            location["message"] = Message(text);
        }

        return location;
    }

    private static JsonObject Message(string text) => new() { ["text"] = text };
}
