using CsCheck;
using Fairlead.Cluster.Model;
using Fairlead.Explain.Http;
using Fairlead.Explain.Reach;
using Fairlead.Ingress;
using Fairlead.Ingress.Inspection;
using Fairlead.Ingress.Translate;
using Fairlead.State;

namespace Fairlead.Tests.Explain;

/// <summary>The rule that is explained is the one that serves, whatever Ingresses there are and whatever is asked for.</summary>
public sealed class HttpRouteEqualityTests
{
    private static readonly Gen<string> Path = Of("", "a", "b", "aa", "A", "a b").Array[0, 4].Select(elements => $"/{string.Join('/', elements)}");

    private static readonly Gen<IngressRow> Row = Gen.Select(
        Gen.Int[0, 3], Of("", "fairlead", "other", "gone"), Gen.Bool,
        Gen.Select(Of("", "a.example", "b.example", "*.example", "*.a.example", "example", "BAD_"), Path, Of(PathType.Exact, PathType.Prefix, PathType.ImplementationSpecific)).Array[0, 6],
        Of("", "/$1", "/new"))
        .Select((age, className, hasDefault, rules, rewrite) => new IngressRow
        {
            Key = new("shop", ""),
            CreatedAt = DateTimeOffset.UnixEpoch.AddDays(age),
            ClassName = className,
            DefaultBackend = hasDefault ? new("api", "", 80) : null,
            Rules = rules.Select(rule => new IngressRule(rule.Item1, [new IngressPath(rule.Item2, rule.Item3, new("api", "", 80))])).ToValueArray(),
            Annotations = rewrite.Length == 0 ? Fairlead.Kube.Selectors.Labels.Empty : Fairlead.Kube.Selectors.Labels.From([new("nginx.ingress.kubernetes.io/rewrite-target", rewrite)]),
        });

    private static Gen<T> Of<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    [Fact]
    public void The_explained_rule_is_that_of_the_route_table() =>
        Gen.Select(Row.Array[0, 5], Gen.Select(Of("a.example", "A.example", "b.example.", "c.example", "x.a.example", "example", "1.2.3.4"), Path).Array[8]).Sample((rows, asked) =>
        {
            using var world = new HttpWorld("");
            for (var i = 0; i < rows.Length; i++)
            {
                var key = new ObjectKey("shop", $"i{i}");
                world.World.Tables.Ingresses.Upsert(key, rows[i] with { Key = key });
            }

            var tables = new IngressTables();
            using var pass = new RouteCompiler(world.Serving.Options, world.World.Tables, tables).Open(new Wake());
            pass.Run();
            using var explainer = new HttpExplainer(world.World.Tables, world.Serving, world.World.Settings, ManifestPlaces.Read([], "default"), world.Time);
            foreach (var (host, path) in asked)
            {
                var told = explainer.Explain(new Uri($"http://{host}{path.Replace(" ", "%20", StringComparison.Ordinal)}"));
                Assert.Equal(Text(tables.Routes.Match(host, path)), Text(told.Answer.Route));
                Assert.Equal(told.Answer.Route is not null, told.Steps.Any(step => step is { What: "path", Verdict: StepVerdict.Ok }));
                AssertReasons(told, tables.Routes.Find(host), path);
            }
        }, iter: 400);

    /// <summary>Of every other path of the host, what is said of it is so.</summary>
    private static void AssertReasons(HttpExplanation told, HostRoutes? routes, string path)
    {
        foreach (var route in (routes?.Routes ?? []).Where(route => Text(route) != Text(told.Answer.Route)))
        {
            var matches = new HostRoutes([route]).Match(path) is not null;
            Assert.Equal(matches, PathWords.WhyNot(route, told.Answer.Route, path).StartsWith("it matches too", StringComparison.Ordinal));
        }
    }

    private static string Text(Route? route) => route is null ? "none" : $"{route.Ingress} {route.Host} {route.Path} {route.Type} {route.IsDefault} {route.Options.Rewrite}";
}
