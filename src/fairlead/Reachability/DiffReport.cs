using System.Text.Json.Nodes;
using Fairlead.Expectations;
using Fairlead.Inspect;
using Fairlead.Offline;

namespace Fairlead.Reachability;

/// <summary>A difference in lines, or as a document. Pure.</summary>
internal static class DiffReport
{
    /// <summary>The lines; one when there is no difference.</summary>
    public static IEnumerable<string> Lines(ReachabilityDifference difference, ClusterView before, ClusterView after)
    {
        if (difference.IsEmpty)
        {
            return ["no difference in who reaches whom"];
        }

        var rows = difference.Appeared.Select(name => new[] { "new", name, "", "", "", "" })
            .Concat(difference.Gone.Select(name => new[] { "gone", name, "", "", "", "" }))
            .Concat(difference.Changes.Select(change => new[]
            {
                change.Gained ? "+ gained" : "- lost", change.From, change.To, string.Join(", ", change.Ports.Select(port => port.Text)),
                VerdictText.Of(change.Before, before), VerdictText.Of(change.After, after),
            }));
        return InspectionTable.Align([["CHANGE", "FROM", "TO", "PORTS", "BEFORE", "AFTER"], .. rows]);
    }

    /// <summary>The document.</summary>
    public static JsonObject Json(ReachabilityDifference difference, ClusterView before, ClusterView after) => new()
    {
        ["apiVersion"] = ExpectationReader.ApiVersion,
        ["kind"] = "ReachabilityDiff",
        ["appeared"] = new JsonArray([.. difference.Appeared.Select(name => (JsonNode)name)]),
        ["gone"] = new JsonArray([.. difference.Gone.Select(name => (JsonNode)name)]),
        ["changes"] = new JsonArray([.. difference.Changes.Select(change => new JsonObject
        {
            ["change"] = change.Gained ? "gained" : "lost",
            ["from"] = change.From,
            ["to"] = change.To,
            ["ports"] = new JsonArray([.. change.Ports.Select(port => (JsonNode)port.Text)]),
            ["before"] = Side(change.Before, before),
            ["after"] = Side(change.After, after),
        })]),
    };

    private static JsonObject Side(Policy.Evaluate.PolicyVerdict verdict, ClusterView view) => new()
    {
        ["allowed"] = verdict.Allowed,
        ["why"] = VerdictText.Of(verdict, view),
        ["policies"] = new JsonArray([.. VerdictText.Places(verdict, view).Select(one => JsonReport.Policy(one.Kind, one.Policy, one.Path, one.Place))]),
    };
}
