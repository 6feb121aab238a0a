using Fairlead.Expectations;
using Fairlead.Offline;
using Fairlead.Tests.Offline;

namespace Fairlead.Tests.Expectations;

public sealed class ExpectationTests
{
    private const string Head = "apiVersion: fairlead.dev/v1alpha1\nkind: ConnectionTest\n";

    /// <summary>web may reach api on http; db is open.</summary>
    internal static readonly string Manifests = Manifest.Pod("web") + Manifest.Pod("api", port: 80) + Manifest.Pod("db", port: 5432)
        + Manifest.Policy("api", "api", "  ingress:\n  - from:\n    - podSelector: {matchLabels: {app: web}}\n    ports: [{port: http}]")
        + "---\n{apiVersion: v1, kind: Service, metadata: {name: api}, spec: {selector: {app: api}, ports: [{name: web, port: 8000, targetPort: http}]}}\n";

    [Theory]
    [InlineData("from: web\n  to: api:80\n  expect: allow")]
    [InlineData("from: web\n  to: api\n  port: http\n  expect: allow")]
    [InlineData("from: web\n  to: api\n  expect: allow")]
    [InlineData("from: web\n  to: svc/api\n  expect: allow\n  because: api")]
    [InlineData("from: web\n  to: svc/api:8000\n  expect: allow\n  because: api.default ingress[0]")]
    [InlineData("from: web\n  to: svc/api:web\n  expect: allow\n  because: api spec.ingress[0].from[0]")]
    [InlineData("from: web\n  to: api:81\n  expect: deny\n  because: no rule")]
    [InlineData("from: web\n  to: api:80/udp\n  expect: deny\n  because: [no rule, api]")]
    [InlineData("from: db\n  to: svc/api\n  expect: deny")]
    [InlineData("from: outside\n  to: api:80\n  expect: deny")]
    [InlineData("from: 10.1.2.3\n  to: api:80\n  expect: deny")]
    [InlineData("from: api\n  to: db\n  port: 5432\n  expect: allow\n  because: not isolated")]
    [InlineData("from: {podSelector: {matchLabels: {app: web}}}\n  to: {podSelector: {}}\n  port: http\n  expect: allow")]
    [InlineData("from: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: default}}, podSelector: {matchExpressions: [{key: app, operator: In, values: [db]}]}}\n  to: svc/api\n  expect: deny")]
    [InlineData("from: ns/default\n  to: db:1\n  expect: allow")]
    [InlineData("from: db\n  to: svc/kube-dns.kube-system\n  expect: allow")]
    [InlineData("from: web\n  to: 192.0.2.0/24\n  port: 443\n  expect: allow")]
    public void What_is_expected_holds(string fields)
    {
        var (run, problems) = Run($"cases:\n- {fields}");

        Assert.Empty(problems);
        Assert.True(run.Cases[0].Passed, CaseText.Why(run.Cases[0], run));
    }

    [Theory]
    [InlineData("from: web\n  to: api:81\n  expect: allow", "denied", "ingress isolated by api.default (m.yaml:22), no rule allows it")]
    [InlineData("from: web\n  to: api:80\n  expect: deny", "allowed", "ingress allowed by api.default spec.ingress[0].from[0] (m.yaml:24)")]
    [InlineData("from: web\n  to: api:80\n  expect: allow\n  because: other", "allowed", "expected because: other")]
    [InlineData("from: web\n  to: api:80\n  expect: allow\n  because: api ingress[1]", "allowed", "expected because: api ingress[1]")]
    [InlineData("from: web\n  to: db:80\n  expect: allow\n  because: api", "allowed", "not isolated; expected because: api")]
    [InlineData("from: web\n  to: api:ghost\n  expect: deny", "nobody", "api.default has no port named ghost")]
    [InlineData("from: nobody\n  to: api:80\n  expect: deny", "nobody", "nobody: there is none in namespace default")]
    [InlineData("from: deploy/web\n  to: api:80\n  expect: deny", "nobody", "deploy/web: there is none in namespace default")]
    [InlineData("from: web\n  to: svc/api:9\n  expect: deny", "nobody", "the Service has no port 9; it has 8000/tcp")]
    [InlineData("from: web\n  to: outside\n  expect: deny", "nobody", "outside: which port?")]
    [InlineData("from: {podSelector: {matchLabels: {app: ghost}}}\n  to: api:80\n  expect: deny", "nobody", "ns default pods app=ghost: the selectors choose no pod")]
    [InlineData("from: {podSelector: {matchLabels: {app: web}}}\n  to: {podSelector: {}}\n  port: 80\n  expect: deny", "allowed", "(web) → ")]
    public void What_does_not_hold_is_said_with_its_reason(string fields, string seen, string why)
    {
        var (run, problems) = Run($"cases:\n- {fields}");

        Assert.Empty(problems);
        Assert.False(run.Cases[0].Passed);
        Assert.Contains(why, CaseText.Why(run.Cases[0], run), StringComparison.Ordinal);
        Assert.Equal(seen, run.Cases[0].Seen);
    }

    [Theory]
    [InlineData("cases:\n- from: web\n  to: api\n  prot: 80\n  expect: allow", "t.yaml:6: unknown field \"prot\": did you mean protocol?")]
    [InlineData("case: []", "t.yaml:3: unknown field \"case\": did you mean cases?")]
    [InlineData("cases:\n- from: web\n  to: api:80\n  expect: maybe", "t.yaml:6: expect is allow or deny, not maybe")]
    [InlineData("cases:\n- from: web\n  to: api:80", "t.yaml:4: expect says whether: allow or deny")]
    [InlineData("cases:\n- to: api:80\n  expect: deny", "t.yaml:4: from is missing: who is it?")]
    [InlineData("cases:\n- from: bus/x\n  to: api:80\n  expect: deny", "t.yaml:4: bus/x: there is no kind bus")]
    [InlineData("cases:\n- from: web\n  to: api\n  port: 70000\n  expect: deny", "t.yaml:6: 70000 is no port")]
    [InlineData("cases:\n- from: web\n  to: api:80\n  expect: deny\n  because: a b c", "t.yaml:7: \"a b c\" is no reason")]
    [InlineData("cases:\n- from: {podSelector: {matchLabel: {}}, pods: {}}\n  to: api:80\n  expect: deny", "t.yaml:4: unknown field \"pods\"")]
    [InlineData("tables:\n- port: 80\n  to: [api, db]\n  from:\n    web: [allow]", "t.yaml:7: the row has 1 cells, the table 2 destinations")]
    [InlineData("tables:\n- port: 80\n  to: [api]\n  from:\n    web: [perhaps]", "t.yaml:7: a cell is allow, deny or -, not perhaps")]
    [InlineData("cases:\n- from: web\n  to: 10.0.0.0/8:443\n  expect: allow", "t.yaml:5: 10.0.0.0/8:443: there is no kind 10.0.0.0")]
    [InlineData("namespace: x", "it expects nothing: cases and tables are empty")]
    public void A_file_that_is_not_as_it_must_be_is_refused_at_its_line(string text, string problem)
    {
        var (_, problems) = Run(text);

        Assert.Contains(problems, one => one.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Another_kind_of_document_is_no_expectation()
    {
        var problems = new SourceProblems();
        ExpectationReader.Read("-", new StringReader("apiVersion: v1\nkind: Pod"), problems);

        Assert.Contains("-:2: expectations are of kind ConnectionTest of fairlead.dev/v1alpha1", problems.All);
    }

    [Fact]
    public void A_table_is_a_case_for_each_cell_at_its_place()
    {
        var (run, problems) = Run("tables:\n- port: http\n  to:  [api, web]\n  from:\n    web: [allow, \"-\"]\n    db:\n    - deny\n    - allow");

        Assert.Empty(problems);
        Assert.Equal(["web → api 7", "db → api 9", "db → web 10"], run.Cases.Select(one => $"{one.Expectation.Name} {one.Expectation.Place.Line}"));
        Assert.All(run.Cases, one => Assert.True(one.Passed, CaseText.Why(one, run)));
    }

    [Fact]
    public void The_example_holds_and_every_part_of_its_policies_is_tested()
    {
        var (cases, view) = Example();
        var run = EvaluateRun.Run(cases, view);

        Assert.All(run.Cases, one => Assert.True(one.Passed, $"{one.Expectation.Place}: {CaseText.Why(one, run)}"));
        Assert.Empty(MutationRun.Run(run).Survivors.Select(mutant => $"{mutant.Place}: {mutant.Text}"));
    }

    [Fact]
    public void Both_families_are_evaluated()
    {
        var block = Manifest.Pod("web") + Manifest.Pod("api") + Manifest.Policy("api", "api", "  ingress:\n  - from:\n    - ipBlock: {cidr: 10.0.0.0/8}");
        const string Case = "cases:\n- from: web\n  to: api:80\n  expect: allow";

        Assert.True(Run(Case, block).Run.Cases[0].Passed);
        Assert.False(Run(Case, block, dual: true).Run.Cases[0].Passed);
    }

    internal static (IReadOnlyList<Expectation> Cases, ClusterView View) Example()
    {
        var problems = new SourceProblems();
        var directory = Path.Combine(Fairlead.Testing.Checkout.Root, "examples", "policy-tests");
        var files = ExpectationReader.Read(Path.Combine(directory, "shop-test.yaml"), TextReader.Null, problems);
        var (view, _) = OfflineCluster.Of(ManifestFiles.Read(files[0].Manifests, TextReader.Null, problems), false, problems, TimeProvider.System);
        Assert.Empty(problems.All);
        return (files[0].Cases, view);
    }

    internal static (ModeResult Run, IReadOnlyList<string> Problems) Run(string text, string? manifests = null, bool dual = false)
    {
        var problems = new SourceProblems();
        var file = Path.Combine(Directory.CreateTempSubdirectory("expect").FullName, "t.yaml");
        File.WriteAllText(file, Head + text);
        try
        {
            var files = ExpectationReader.Read(file, TextReader.Null, problems);
            return (EvaluateRun.Run(files[0].Cases, Manifest.View(manifests ?? Manifests, dual)), problems.All);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }
}
