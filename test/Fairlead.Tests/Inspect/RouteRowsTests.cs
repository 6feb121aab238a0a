using Fairlead.Ingress.Inspection;
using Fairlead.Inspect;
using Fairlead.Tests.Explain;
using static Fairlead.Tests.Explain.HttpWorld;

namespace Fairlead.Tests.Inspect;

/// <summary>Every path of a cluster's Ingresses in the order of matching, and what becomes of it.</summary>
public sealed class RouteRowsTests
{
    private const string All = "ingressClassName: fairlead, defaultBackend: {service: {name: api, port: {number: 80} } }";

    [Fact]
    public void Paths_are_listed_as_they_are_matched_with_what_becomes_of_them()
    {
        using var world = new HttpWorld($"""
            {Written("all", "", "/any", All)}
            ---
            {Written("late", "a.example", "/app")}
            ---
            {Written("b-wide", "*.example", "/", "ingressClassName: fairlead, tls: [{secretName: wide}]")}
            ---
            {Written("a-first", "a.example", "/ /app =/app /none")}
            ---
            {Written("none", "a.example", "/gone", backend: "name: gone, port: {number: 80}")}
            ---
            {Written("theirs", "b.example", spec: "ingressClassName: other")}
            ---
            {Written("nobodys", "c.example", spec: "ingressClassName: nope")}
            """).Secret("wide", "*.example");

        Assert.Equal(
            """
            HOST        PATH    TYPE      INGRESS        BACKEND   ENDPOINTS   CERTIFICATE   STATUS
            a.example   /gone   Prefix    shop/none      gone:80   0/0         shop/wide     NoEndpoints: Service shop/gone does not exist: requests are answered 503
            a.example   /none   Prefix    shop/a-first   api:80    2/2         shop/wide     Served
            a.example   /app    Exact     shop/a-first   api:80    2/2         shop/wide     Served
            a.example   /app    Prefix    shop/a-first   api:80    2/2         shop/wide     Served
            a.example   /app    Prefix    shop/late      api:80    0/0         <none>        Conflict: it is shop/a-first's, which is older
            a.example   /       Prefix    shop/a-first   api:80    2/2         shop/wide     Served
            b.example   /       Prefix    shop/theirs    api:80    0/0         <none>        OtherController: class other is for controller example.org/other; this one is fairlead.dev/ingress
            c.example   /       Prefix    shop/nobodys   api:80    0/0         <none>        NoClass: class nope does not exist
            *.example   /       Prefix    shop/b-wide    api:80    2/2         shop/wide     Served
            *           /any    Prefix    shop/all       api:80    2/2         default       Served
            *           /       Default   shop/all       api:80    2/2         default       Served
            """,
            string.Join('\n', RouteInspector.Table(Rows(world), isWide: false, world.Time.GetUtcNow())));
    }

    [Theory]
    [InlineData("a.example", "a.example *.example * *")]
    [InlineData("b.example", "*.example * *")]
    [InlineData("*.example", "*.example * *")]
    [InlineData("else", "* *")]
    public void Only_what_requests_for_a_host_may_find_is_shown(string host, string hosts)
    {
        using var world = new HttpWorld($"{Written("all", "", "/any", All)}\n---\n{Written("one", "a.example")}\n---\n{Written("wide", "*.example")}");
        Assert.Equal(hosts, string.Join(' ', Rows(world, host).Select(route => route.Host)));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("proxy-body-size: lots", false)]
    [InlineData("nothing-like-it: \"1\"", false)]
    [InlineData("auth-type: basic", false)]
    public void What_is_not_served_as_it_is_written_is_a_finding(string annotation, bool asWritten)
    {
        using var world = new HttpWorld(Written("one", "a.example", annotations: annotation));
        using var plan = Plan(world);
        var routes = RouteRows.Of(world.World.Tables, plan, "", "");
        Assert.Equal(asWritten, RouteInspector.Document(world.Serving, routes, RouteRows.Findings(plan, routes)).AsWritten);
    }

    [Fact]
    public void Wide_says_what_the_annotations_do_and_how_old_it_is()
    {
        using var world = new HttpWorld(Written("one", "a.example", "/app", annotations: "rewrite-target: /new"));
        var table = RouteInspector.Table(Rows(world), isWide: true, DateTimeOffset.UnixEpoch.AddDays(3));
        Assert.EndsWith("3d    rewrite-target: the path becomes /new   Served", table[1], StringComparison.Ordinal);
    }

    private static IReadOnlyList<RouteDocument> Rows(HttpWorld world, string host = "")
    {
        using var plan = Plan(world);
        return RouteRows.Of(world.World.Tables, plan, host, "");
    }

    private static PlannedIngresses Plan(HttpWorld world) => new(world.Serving.Options, world.World.Tables, world.Time);
}
