using CsCheck;
using Fairlead.Cluster.Model;
using Fairlead.Ingress.Translate;

namespace Fairlead.Tests.Ingress.Translate;

/// <summary>The route table beside a walk over all rules, as the Ingress API describes it: slow, and with nothing to get wrong.</summary>
public sealed class RouteTableTests
{
    private static readonly string[] Hosts = ["", "a.example.org", "b.example.org", "*.example.org", "*.a.example.org", "example.org", "*.org", "single"];
    private static readonly string[] AskedHosts =
    [
        "", ".", "..", "a.example.org", "A.Example.ORG", "a.example.org.", "a.example.org..", "b.example.org", "c.example.org", "x.a.example.org", "y.x.a.example.org", "example.org",
        "org", ".org", ".example.org", "*.example.org", "single", "single.", "[2001:db8::1]", "[::ffff:192.0.2.1]", "192.0.2.1", $"{new string('a', 300)}.example.org",
    ];

    private static readonly Gen<string> Element = Of("", "a", "b", "aa", "A", "bbb", "bbbb", ".", "%20", "ü");
    private static readonly Gen<string> AnyPath = Element.Array[0, 5].Select(elements => $"/{string.Join('/', elements)}");
    private static readonly Gen<(string Host, string Path, PathType Type)> Rule = Gen.Select(Of(Hosts), AnyPath, Of(PathType.Exact, PathType.Prefix, PathType.ImplementationSpecific))
        .Select((host, path, type) => (host, type == PathType.Exact ? path : RuleText.Prefix(path), type));

    private static Gen<T> Of<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    [Fact]
    public void A_request_takes_the_route_that_a_walk_over_all_rules_finds() =>
        Gen.Select(Rule.Array[0, 24], Gen.Bool, Gen.Select(Of(AskedHosts), Gen.OneOf(AnyPath, Of("", "*", "a", "//", "/a/b/", "/aa//"))).Array[20]).Sample((rules, hasDefault, asked) =>
        {
            var routes = rules.DistinctBy(rule => (rule.Host, rule.Path, rule.Type == PathType.Exact)).Select(rule => Route(rule.Host, rule.Path, rule.Type)).ToList();
            var table = new RouteTable { Default = hasDefault ? Route("", "/", PathType.Prefix) : null };
            foreach (var host in routes.GroupBy(route => route.Host))
            {
                table.Set(host.Key, new HostRoutes([.. host]));
            }

            Assert.All(asked, one => Assert.Same(Walk(routes, one.Item1, one.Item2) ?? table.Default, table.Match(one.Item1, one.Item2)));
        });

    [Theory]
    [InlineData("/aaa/bbb", "/aaa/bbb", true)]
    [InlineData("/aaa/bbb", "/aaa/bbb/", true)]
    [InlineData("/aaa/bbb", "/aaa/bbb//", true)]
    [InlineData("/aaa/bbb", "/aaa/bbb/ccc", true)]
    [InlineData("/aaa/bbb", "/aaa/bbbb", false)]
    [InlineData("/aaa/bbb", "/aaa//bbb", false)]
    [InlineData("/aaa/bbb", "//aaa/bbb", false)]
    [InlineData("/aaa/bbb", "/AAA/bbb", false)]
    [InlineData("/aaa/bbb", "/aaa", false)]
    [InlineData("/", "/anything", true)]
    [InlineData("/", "//", true)]
    [InlineData("/", "", true)]
    [InlineData("/", "*", true)]
    [InlineData("/aaa", "", false)]
    [InlineData("/aaa", "aaa", false)]
    public void A_prefix_matches_whole_elements(string prefix, string path, bool matches) =>
        Assert.Equal(matches, new HostRoutes([Route("", prefix, PathType.Prefix)]).Match(path) is not null);

    [Fact]
    public void Of_the_routes_of_one_path_the_exact_one_comes_first_and_of_all_the_longest()
    {
        var (exact, prefix, shorter) = (Route("", "/a/b", PathType.Exact), Route("", "/a/b", PathType.Prefix), Route("", "/a", PathType.Exact));
        var routes = new HostRoutes([prefix, shorter, exact]);
        Assert.Same(exact, routes.Match("/a/b"));
        Assert.Same(prefix, routes.Match("/a/b/"));
        Assert.Same(shorter, routes.Match("/a"));
        Assert.Null(routes.Match("/a/"));
    }

    [Fact]
    public void What_a_host_has_no_path_for_goes_to_its_own_default_before_that_of_all()
    {
        var (own, all) = (Route("a.org", "/", PathType.Prefix), Route("", "/", PathType.Prefix));
        var table = new RouteTable { Default = all };
        table.Set("a.org", new HostRoutes([Route("a.org", "/a", PathType.Prefix)], own));
        table.Set("b.org", new HostRoutes([]));
        Assert.Same(own, table.Match("a.org", "/b"));
        Assert.Same(all, table.Match("b.org", "/b"));
        Assert.Same(all, table.Match("c.org", "/b"));
    }

    [Fact]
    public void Two_routes_of_the_same_path_are_refused() =>
        Assert.Throws<ArgumentException>(() => new HostRoutes([Route("", "/a", PathType.Prefix), Route("", "/a", PathType.ImplementationSpecific)]));

    /// <summary>Nothing that a client sends is worth memory, nor more lookups than the longest prefix has elements.</summary>
    [Fact]
    public void A_lookup_allocates_nothing()
    {
        var table = new RouteTable();
        table.Set("a.example.org", new HostRoutes([Route("", "/a/b/c", PathType.Prefix), Route("", "/a", PathType.Exact)]));
        table.Set("*.example.org", new HostRoutes([Route("", "/", PathType.Prefix)]));
        var slashes = new string('/', 100_000) + "x";
        string[] hosts = ["a.example.org", "A.EXAMPLE.org.", "b.example.org", "nowhere", ""];
        string[] paths = ["/", "/a", "/a/b/c/d/e/f", "/a/b/cc", slashes];
        Ask(table, hosts, paths);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Ask(table, hosts, paths);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Ask(RouteTable table, string[] hosts, string[] paths)
    {
        for (var i = 0; i < 1000; i++)
        {
            _ = table.Match(hosts[i % hosts.Length], paths[i / hosts.Length % paths.Length]);
        }
    }

    private static Route Route(string host, string path, PathType type) =>
        new(new ObjectKey("shop", "web"), host, path, type, new Backend(new BackendKey(new ObjectKey("shop", "web"), "80")), RouteOptions.Default);

    /// <summary>Hosts: exact, then the wildcard of its parent, then all. Paths: the longest, exact before prefix.</summary>
    private static Route? Walk(List<Route> routes, string host, string path)
    {
        var name = (host.EndsWith('.') ? host[..^1] : host).ToLowerInvariant();
        var wildcard = name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && name.Length <= 253 ? $"*{name[dot..]}" : "none";
        var ofHost = new[] { name, wildcard, "" }.Select(one => routes.FindAll(route => route.Host == one)).FirstOrDefault(of => of.Count > 0) ?? [];
        return ofHost.Where(route => Matches(route, path)).OrderByDescending(route => route.Path.Length).ThenByDescending(route => route.Type == PathType.Exact).FirstOrDefault();
    }

    private static bool Matches(Route route, string path)
    {
        if (route.Type == PathType.Exact || route.Path == "/")
        {
            return route.Path == path || route.Type != PathType.Exact;
        }

        var (wanted, asked) = (route.Path.Split('/'), path.Split('/'));
        return path.StartsWith('/') && asked.Length >= wanted.Length && wanted.SequenceEqual(asked.Take(wanted.Length));
    }
}
