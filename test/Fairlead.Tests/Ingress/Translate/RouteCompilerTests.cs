using Fairlead.Cluster.Model;
using Fairlead.Ingress;
using Fairlead.Ingress.Translate;
using Fairlead.State;
using Fairlead.Testing;

namespace Fairlead.Tests.Ingress.Translate;

/// <summary>Which Ingresses are served, who has what two ask for, and what a change costs.</summary>
public sealed class RouteCompilerTests
{
    [Fact]
    public void Nothing_is_written_before_every_table_is_initialized()
    {
        using var world = new RoutingWorld();
        world.Ingress("web", 1, "a.org", "/");
        world.Cluster.Ingresses.MarkInitialized();
        world.Cluster.IngressClasses.MarkInitialized();
        world.Cluster.Services.MarkInitialized();
        world.Cluster.EndpointSlices.MarkInitialized();
        world.Pass.Run();
        Assert.Equal((0, false, false), (world.Tables.Routes.Hosts.Count(), world.Tables.Served.Initialized, world.Tables.Certificates.Initialized));

        world.Run();
        Assert.Equal((1, true, true), (world.Tables.Routes.Hosts.Count(), world.Tables.Served.Initialized, world.Tables.Certificates.Initialized));
    }

    [Fact]
    public async Task It_runs_until_it_is_cancelled_and_follows_the_tables()
    {
        using var world = new RoutingWorld();
        using var stop = new CancellationTokenSource();
        var running = new RouteCompiler(world.Options, world.Cluster, world.Tables).RunAsync(stop.Token);
        world.Run();
        world.Ingress("web", 1, "a.org", "/");
        var (wake, served) = (new Wake(), world.Tables.Served.Subscribe());
        using (served)
        {
            served.Signalled += wake.Ring;
            while (world.Tables.Served.Get(RoutingWorld.Key("web")) is null)
            {
                await wake.WaitAsync(Deadline.Token());
            }
        }

        Assert.Equal("shop/web web:80", world.Ask("a.org", "/"));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Theory]
    [InlineData("ours", "", false, "", true)] // the class
    [InlineData("theirs", "", false, "", false)]
    [InlineData("nobodys", "", true, "", false)]
    [InlineData("", "ours", false, "", true)] // the annotation
    [InlineData("", "theirs", true, "", false)]
    [InlineData("theirs", "ours", false, "", false)] // the class before the annotation
    [InlineData("", "", false, "", false)] // none of them
    [InlineData("", "", true, "", true)]
    [InlineData("", "", false, "ours", true)] // by default
    [InlineData("", "", true, "theirs", false)]
    [InlineData("", "", true, "theirs,ours", false)] // of several defaults the newest: theirs is
    public void A_class_says_who_serves_an_Ingress(string className, string annotation, bool withoutClass, string defaults, bool served)
    {
        using var world = new RoutingWorld(new IngressOptions { ServesWithoutClass = withoutClass });
        Class(world, "ours", world.Options.Controller, 2, defaults);
        Class(world, "theirs", "example.com/other", 1, defaults);
        world.Put(world.Ingress("web", 1, "a.org", "/") with { ClassName = className, Annotations = Annotation(annotation) });
        Assert.Equal(served, world.Run().Findings("web") is not null);
        Assert.Equal(served, world.Ask("a.org", "/") != "none");
    }

    [Fact]
    public void A_class_that_comes_and_goes_takes_its_Ingresses_along_and_no_others()
    {
        using var world = new RoutingWorld();
        world.Put(world.Ingress("named", 1, "named.org", "/") with { ClassName = "late" });
        world.Put(world.Ingress("unnamed", 1, "unnamed.org", "/") with { ClassName = "" });
        world.Ingress("other", 1, "other.org", "/");
        world.Run();
        Assert.Equal(("none", "none"), (world.Ask("named.org", "/"), world.Ask("unnamed.org", "/")));

        var before = world.Pass.HostCompilations;
        Class(world, "late", world.Options.Controller, 1, "late");
        world.Run();
        Assert.Equal(("shop/named named:80", "shop/unnamed unnamed:80"), (world.Ask("named.org", "/"), world.Ask("unnamed.org", "/")));
        Assert.Equal(2, world.Pass.HostCompilations - before);

        world.Cluster.IngressClasses.Delete("late");
        world.Run();
        Assert.Equal(("none", "none", "shop/other other:80"), (world.Ask("named.org", "/"), world.Ask("unnamed.org", "/"), world.Ask("other.org", "/")));
        Assert.Equal(1, world.Pass.Backends.Count);
    }

    [Fact]
    public void Ingresses_share_a_host_and_the_oldest_has_what_several_ask_for()
    {
        using var world = new RoutingWorld();
        world.Ingress("young", 1, "a.org", "/", "/young", "/same/");
        world.Ingress("old", 9, "a.org", "/old", "/same");
        world.Ingress("b/twin", 9, "a.org", "/old");
        world.Run();
        Assert.Equal("shop/young young:80", world.Ask("a.org", "/young/x"));
        Assert.Equal("shop/old old:80", world.Ask("a.org", "/same"));
        Assert.Equal("b/twin twin:80", world.Ask("a.org", "/old"));
        Assert.Equal("BackendMissing: Service b/twin does not exist: requests are answered 503", world.Findings("b/twin"));
        Assert.StartsWith("Conflict: path /same (Prefix) of host a.org is shop/old's, which is older: it is not served for this Ingress\n", world.Findings("young"), StringComparison.Ordinal);
        Assert.StartsWith(
            "Conflict: path /old (Prefix) of host a.org is b/twin's, which is as old and comes first by name: it is not served for this Ingress\n", world.Findings("old"),
            StringComparison.Ordinal);

        world.Cluster.Ingresses.Delete(RoutingWorld.Key("old"));
        world.Run();
        Assert.Equal("shop/young young:80", world.Ask("a.org", "/same"));
        Assert.DoesNotContain("Conflict", world.Findings("young"), StringComparison.Ordinal);
        Assert.Null(world.Findings("old"));
    }

    [Fact]
    public void Prefix_and_ImplementationSpecific_are_the_same_and_Exact_is_another()
    {
        using var world = new RoutingWorld().Apply("""
            kind: Ingress
            metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
            spec:
              ingressClassName: fairlead
              rules:
              - host: A.org
                http:
                  paths:
                  - {path: /a, pathType: Prefix, backend: {service: {name: one, port: {number: 80}}}}
                  - {path: /a/, pathType: ImplementationSpecific, backend: {service: {name: two, port: {number: 80}}}}
                  - {path: /a, pathType: Exact, backend: {service: {name: three, port: {name: http}}}}
                  - {pathType: ImplementationSpecific, backend: {service: {name: four, port: {number: 80}}}}
            """);
        Assert.Equal("shop/web three:http", world.Ask("a.org", "/a"));
        Assert.Equal("shop/web one:80", world.Ask("a.org", "/a/"));
        Assert.Equal("shop/web four:80", world.Ask("a.org", "/b"));
        Assert.Contains("Conflict: path /a (ImplementationSpecific) of host a.org is written twice: the first is served", world.Findings("web"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_oldest_default_backend_has_what_matches_nothing_and_each_has_its_own_hosts()
    {
        using var world = new RoutingWorld();
        world.Put(world.Ingress("first", 9, "a.org", "/a") with { DefaultBackend = RoutingWorld.To("first-default") });
        world.Put(world.Ingress("second", 5, "b.org", "/b") with { DefaultBackend = RoutingWorld.To("second-default") });
        world.Put(world.Ingress("third", 1, "a.org", "/c") with { DefaultBackend = RoutingWorld.To("third-default") });
        world.Put(world.Ingress("fourth", 2, "x.org") with { DefaultBackend = RoutingWorld.To("fourth-default"), Rules = default });
        world.Ingress("plain", 1, "c.org", "/c");
        world.Run();
        Assert.Equal("shop/first first-default:80", world.Ask("a.org", "/x"));
        Assert.Equal("shop/second second-default:80", world.Ask("b.org", "/x"));
        Assert.Equal("shop/first first-default:80", world.Ask("c.org", "/x"));
        Assert.Equal("shop/first first-default:80", world.Ask("nowhere.org", "/"));
        Assert.True(world.Tables.Routes.Default!.IsDefault);
        Assert.DoesNotContain("Conflict", world.Findings("first"), StringComparison.Ordinal);
        Assert.Contains(
            "Conflict: the default backend of what matches no rule is shop/first's, which is older: this one serves the other paths of its own hosts alone", world.Findings("second"),
            StringComparison.Ordinal);
        Assert.Contains("Conflict: the default backend of host a.org is shop/first's, which is older", world.Findings("third"), StringComparison.Ordinal);
        Assert.Contains("which is older: this one serves nothing", world.Findings("fourth"), StringComparison.Ordinal);

        world.Cluster.Ingresses.Delete(RoutingWorld.Key("first"));
        world.Run();
        Assert.Equal("shop/third third-default:80", world.Ask("a.org", "/x"));
        Assert.Equal("shop/second second-default:80", world.Ask("nowhere.org", "/"));
        Assert.DoesNotContain("Conflict", world.Findings("second"), StringComparison.Ordinal);
    }

    [Fact]
    public void An_alias_has_all_paths_where_no_rule_of_another_has_the_host()
    {
        using var world = new RoutingWorld();
        var aliases = RoutingWorld.Annotations(("server-alias", "both.alias, ruled.org, own.org"));
        world.Put(world.Ingress("old", 9, "own.org", "/own") with { Annotations = aliases, Rules = [Rule("own.org", "/own"), Rule("more.org", "/more")] });
        world.Put(world.Ingress("young", 5, "young.org", "/young") with { Annotations = aliases, Rules = [Rule("young.org", "/young")] });
        world.Put(world.Ingress("ruled", 1, "ruled.org", "/") with { Rules = [Rule("ruled.org", "/")] });
        world.Run();
        Assert.Equal("shop/old s:80", world.Ask("both.alias", "/own"));
        Assert.Equal("shop/old s:80", world.Ask("both.alias", "/more"));
        Assert.Equal("none", world.Ask("both.alias", "/young"));
        Assert.Equal("shop/ruled s:80", world.Ask("ruled.org", "/own"));
        Assert.Equal("none", world.Ask("own.org", "/more"));
        Assert.Contains("Conflict: alias ruled.org is shop/ruled's host: it is not served for this Ingress", world.Findings("old"), StringComparison.Ordinal);
        Assert.Contains("Conflict: alias both.alias is shop/old's host: it is not served for this Ingress", world.Findings("young"), StringComparison.Ordinal);
        Assert.Contains("Conflict: alias own.org is shop/old's host: it is not served for this Ingress", world.Findings("young"), StringComparison.Ordinal);

        world.Cluster.Ingresses.Delete(RoutingWorld.Key("ruled"));
        world.Run();
        Assert.Equal("shop/old s:80", world.Ask("ruled.org", "/own"));
    }

    [Fact]
    public void Certificates_are_by_host_those_of_the_oldest_Ingress_first()
    {
        using var world = new RoutingWorld();
        world.Put(world.Ingress("young", 1, "a.org", "/") with { Tls = [new IngressTls(["A.org", "*.a.org"], "young-tls"), new IngressTls(["a.org"], ""), new IngressTls(["in valid"], "x")] });
        world.Put(world.Ingress("old", 9, "a.org", "/old") with { Tls = [new IngressTls(default, "old-tls"), new IngressTls(["a.org"], "second-tls")] });
        world.Put(world.Ingress("bare", 9, "", "/old") with { Rules = default, DefaultBackend = RoutingWorld.To("s"), Tls = [new IngressTls(default, "bare-tls")] });
        world.Run();
        Assert.Equal("shop/old-tls shop/second-tls shop/young-tls", Secrets(world, "a.org"));
        Assert.Equal("shop/young-tls", Secrets(world, "*.a.org"));
        Assert.Equal("shop/bare-tls", Secrets(world, ""));
        Assert.Equal(["young-tls", "x"], world.Tables.Served.Get(RoutingWorld.Key("young"))!.Secrets.Select(secret => secret.Name));
        Assert.Contains("HostInvalid: host in valid of tls is no DNS name", world.Findings("young"), StringComparison.Ordinal);

        world.Cluster.Ingresses.Delete(RoutingWorld.Key("old"));
        world.Cluster.Ingresses.Delete(RoutingWorld.Key("bare"));
        world.Run();
        Assert.Equal("shop/young-tls", Secrets(world, "a.org"));
        Assert.Equal("", Secrets(world, ""));
    }

    [Fact]
    public void What_the_annotations_say_goes_with_each_route_and_their_findings_with_the_Ingress()
    {
        using var world = new RoutingWorld();
        world.Service("web");
        var row = world.Ingress("web", 1, "a.org", "/api(/|$)(.*)", "/(a|b)", "/plain/");
        world.Put(row with { DefaultBackend = RoutingWorld.To("web"), Annotations = RoutingWorld.Annotations(("rewrite-target", "/x/$2"), ("app-root", "/home")) });
        world.Run();
        Assert.Equal(("/api", "/x/", "/home"), Said("/api/x"));
        Assert.Equal(("/plain", "/x/", "/home"), Said("/plain/x"));
        Assert.True(world.Tables.Routes.Match("a.org", "/(a|b)")!.IsDefault);
        Assert.StartsWith("RegexRefused: ", world.Findings("web"), StringComparison.Ordinal);

        (string, string?, string) Said(string path) => world.Tables.Routes.Match("a.org", path) is var route ? (route!.Path, route.Options.Rewrite?.Before, route.Options.AppRoot) : default;
    }

    [Fact]
    public void A_canary_has_no_host_no_path_and_no_certificate()
    {
        using var world = new RoutingWorld();
        world.Ingress("web", 1, "*.org", "/");
        world.Put(world.Ingress("canary", 9, "a.org", "/") with
        {
            Annotations = RoutingWorld.Annotations(("canary", "true")),
            DefaultBackend = RoutingWorld.To("canary"),
            Tls = [new IngressTls(default, "tls")],
        });
        world.Run();
        Assert.Equal("shop/web web:80", world.Ask("a.org", "/"));
        Assert.Equal("none", world.Ask("elsewhere", "/"));
        Assert.Empty(world.Tables.Certificates.Snapshot());
        Assert.StartsWith("AnnotationRefused: ", world.Findings("canary"), StringComparison.Ordinal);
    }

    /// <summary>Ten thousand hosts of five paths each: what one Ingress, one Service or one status costs does not depend on them.</summary>
    [Fact]
    public void A_change_costs_its_own_hosts_and_backends_alone()
    {
        using var world = new RoutingWorld();
        for (var i = 0; i < 10_000; i++)
        {
            world.Ingress($"i{i}", 1, $"h{i}.example.org", "/", "/a", "/b", "/c", "/d/e");
        }

        world.Service("i7");
        world.Run();
        var (hosts, backends) = (world.Pass.HostCompilations, world.Pass.Backends.Resolutions);
        Assert.Equal((10_000, 10_000), (hosts, backends));
        var others = world.Tables.Routes.Hosts.ToDictionary(pair => pair.Key, pair => pair.Value);

        world.Put(world.Ingress("i7", 1, "h7.example.org", "/", "/new"));
        Assert.Equal((1, 0), Cost(world));
        world.Slice("i7", [new SliceEndpoint { Address = Fairlead.Linux.Addresses.IpAddr.Parse("10.0.0.9") }]);
        Assert.Equal((0, 1), Cost(world));
        Assert.Equal("10.0.0.9:8080", world.Endpoints("h7.example.org", "/new"));
        world.Put(world.Cluster.Ingresses.Get(RoutingWorld.Key("i8"))! with { Addresses = ["192.0.2.1"] });
        Assert.Equal((0, 0), Cost(world));
        world.Service("elsewhere", 3);
        Assert.Equal((0, 0), Cost(world));
        Assert.Equal(["h7.example.org"], world.Tables.Routes.Hosts.Where(pair => others[pair.Key] != pair.Value).Select(pair => pair.Key));
    }

    private static (long Hosts, long Backends) Cost(RoutingWorld world)
    {
        var (hosts, backends) = (world.Pass.HostCompilations, world.Pass.Backends.Resolutions);
        world.Run();
        return (world.Pass.HostCompilations - hosts, world.Pass.Backends.Resolutions - backends);
    }

    private static string Secrets(RoutingWorld world, string host) => string.Join(' ', world.Tables.Certificates.Get(host)?.Secrets ?? default);

    private static IngressRule Rule(string host, string path) => new(host, [new IngressPath(path, PathType.Prefix, RoutingWorld.To("s"))]);

    private static Fairlead.Kube.Selectors.Labels Annotation(string value) =>
        value.Length == 0 ? Fairlead.Kube.Selectors.Labels.Empty : Fairlead.Kube.Selectors.Labels.From([new(IngressRow.ClassAnnotation, value)]);

    private static void Class(RoutingWorld world, string name, string controller, int age, string defaults) => world.Cluster.IngressClasses.Upsert(name, new IngressClassRow
    {
        Name = name,
        Controller = controller,
        CreatedAt = DateTimeOffset.UnixEpoch.AddDays(1000 - age),
        IsDefault = defaults.Split(',').Contains(name),
    });
}
