namespace Fairlead.Tests.Ingress.Translate;

public sealed class AppRootTests
{
    [Fact]
    public void The_root_of_a_host_has_a_route_to_be_redirected_by_and_no_other_path_has()
    {
        using var world = new RoutingWorld();
        world.Put(world.Ingress("web", 1, "a.org", "/app") with { Annotations = RoutingWorld.Annotations(("app-root", "/app")) });
        world.Put(world.Ingress("plain", 1, "b.org", "/app"));
        world.Run();
        Assert.Equal("/app", world.Tables.Routes.Match("a.org", "/")?.Options.AppRoot);
        Assert.Equal("none", world.Ask("a.org", "/other"));
        Assert.Equal("none", world.Ask("b.org", "/"));
    }

    [Fact]
    public void A_rule_for_the_root_stays_the_only_one()
    {
        using var world = new RoutingWorld();
        world.Put(world.Ingress("web", 1, "a.org", "/") with { Annotations = RoutingWorld.Annotations(("app-root", "/app")) });
        world.Run();
        Assert.Single(world.Tables.Routes.Hosts.Single().Value.Routes);
    }
}
