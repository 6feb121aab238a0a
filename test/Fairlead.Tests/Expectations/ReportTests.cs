using System.Text.Json.Nodes;
using System.Xml.Linq;
using Fairlead.Expectations;
using Fairlead.Kube.Documents;

namespace Fairlead.Tests.Expectations;

public sealed class ReportTests
{
    private static ModeResult Run() => ExpectationTests.Run(
        "cases:\n- {from: web, to: 'api:80', expect: allow}\n- {from: db, to: 'api:80', expect: allow}\n- {from: ghost, to: 'api:80', expect: deny}").Run;

    [Fact]
    public void Lines_say_result_expectation_sight_place_and_reason()
    {
        var lines = ResultTable.Lines(Run());

        Assert.Equal(4, lines.Count);
        Assert.StartsWith("RESULT", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("pass     web     api:80   80     allow      allowed", lines[1], StringComparison.Ordinal);
        Assert.Contains("deny", lines[3], StringComparison.Ordinal);
        Assert.Contains("ghost: there is none in namespace default", lines[3], StringComparison.Ordinal);
        Assert.Equal("evaluate: 3 cases, 2 failed; 2 connections", CaseText.Summary(Run()));
    }

    [Fact]
    public void Junit_has_a_case_each_a_failure_for_a_miss_and_an_error_where_nobody_was()
    {
        var suite = XDocument.Parse(JunitReport.Of([Run()])).Root!.Element("testsuite")!;

        Assert.Equal(("3", "1", "1"), ((string?)suite.Attribute("tests"), (string?)suite.Attribute("failures"), (string?)suite.Attribute("errors")));
        Assert.Equal([0, 1, 1], suite.Elements("testcase").Select(one => one.Elements().Count()));
        Assert.Contains("isolated by api.default (m.yaml:22)", suite.Descendants("failure").Single().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Sarif_points_at_the_expectation_and_at_the_policy_that_decided()
    {
        var run = Run();
        var sarif = SarifReport.Of([run], MutationRun.Run(run).Survivors);

        var results = sarif["runs"]![0].Objects("results").ToList();
        var miss = results[0];
        Assert.Equal("2.1.0", sarif.Text("version"));
        Assert.Equal(5, miss.Objects("locations").Single().Number("physicalLocation", "region", "startLine"));
        Assert.EndsWith("t.yaml", miss.Objects("locations").Single().Text("physicalLocation", "artifactLocation", "uri"), StringComparison.Ordinal);
        Assert.Equal("m.yaml", miss.Objects("relatedLocations").Single().Text("physicalLocation", "artifactLocation", "uri"));
        Assert.Equal(22, miss.Objects("relatedLocations").Single().Number("physicalLocation", "region", "startLine"));
        Assert.Contains(results, result => result.Text("ruleId") == "fairlead/untested-rule");
    }

    [Fact]
    public void The_document_says_what_the_lines_say()
    {
        var report = JsonNode.Parse(JsonReport.Text(JsonReport.Of([Run()], [])))!;

        Assert.False(report["passed"]!.GetValue<bool>());
        Assert.Equal(["allowed", "denied", "nobody"], report["runs"]![0].Objects("cases").Select(one => one.Text("seen")));
        Assert.Equal("spec.ingress[0].from[0]", report["runs"]![0].Objects("cases").First().Objects("connections").Single().Objects("policies").Single().Text("path"));
    }

    [Fact]
    public void A_truth_table_shows_each_workload_and_the_outside()
    {
        var lines = TruthTable.Lines(Run().View).ToList();

        Assert.Contains("tcp 80: from (row) to (column); . allowed, X denied, - itself", lines);
        var at = lines.IndexOf("tcp 80: from (row) to (column); . allowed, X denied, - itself");
        Assert.Equal(
            ["1   api.default   -   .   .", "2   db.default    X   -   .", "3   web.default   .   .   -", "    outside       X   .   ."],
            lines.GetRange(at + 2, 4));
    }

    [Fact]
    public void Runs_that_saw_different_things_disagree()
    {
        var run = Run();
        var other = run with { Mode = TestMode.Packets, Cases = [run.Cases[0] with { Connections = [run.Cases[0].Connections[0] with { Sight = Sight.Denied }] }, .. run.Cases.Skip(1)] };

        Assert.EndsWith("web → api:80: evaluate saw allowed, packets saw denied", Assert.Single(ResultTable.Disagreements([run, other])), StringComparison.Ordinal);
        Assert.Empty(ResultTable.Disagreements([run, run with { Mode = TestMode.Live }]));
    }
}
