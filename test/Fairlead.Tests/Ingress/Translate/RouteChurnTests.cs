using CsCheck;
using Fairlead.Cluster.Model;
using Fairlead.Ingress;
using Fairlead.Ingress.Translate;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Tests.Ingress.Translate;

/// <summary>Whatever comes, changes and goes, in whatever order and however much of it between two passes: what is left is what a new compiler makes of the rows.</summary>
public sealed class RouteChurnTests
{
    private static readonly string[] Names = ["one", "two", "three", "four", "five"];
    private static readonly string[] Hosts = ["", "a.org", "b.org", "*.org", "not a host"];
    private static readonly string[] Paths = ["/", "/a", "/a/", "/a/b", "", "no slash"];

    private static readonly Gen<IngressBackend> Backend = Gen.Select(Of("one", "two", "three"), Of<ushort>(80, 81, 0), Of("", "http")).Select((name, port, portName) =>
        new IngressBackend(name, port == 0 ? portName : "", port));

    private static readonly Gen<IngressRule> Rule = Gen.Select(Of(Hosts), Gen.Select(Of(Paths), Gen.Enum<PathType>(), Backend).Select((path, type, backend) => new IngressPath(path, type, backend)).Array[0, 3])
        .Select((host, paths) => new IngressRule(host, paths.ToValueArray()));

    private static readonly Gen<IngressTls> Tls = Gen.Select(Of("a.org", "*.org", "").Array[0, 2], Of("x", "y", "")).Select((hosts, secret) => new IngressTls(hosts.ToValueArray(), secret));

    private static readonly Gen<IngressRow> Row = Gen.Select(
        Gen.Select(Of(Names), Gen.Int[0, 2], Of("", "ours", "theirs", "late")), Rule.Array[0, 3], Gen.Bool, Backend, Tls.Array[0, 2], Of("", "a.org", "alias.org")).Select((about, rules, hasDefault, backend, tls, alias) =>
        new IngressRow
        {
            Key = RoutingWorld.Key(about.Item1),
            CreatedAt = DateTimeOffset.UnixEpoch.AddDays(about.Item2),
            ClassName = about.Item3,
            Rules = rules.ToValueArray(),
            DefaultBackend = hasDefault ? backend : null,
            Tls = tls.ToValueArray(),
            Addresses = [alias],
            Annotations = RoutingWorld.Annotations(("server-alias", alias)),
        });

    private static readonly Gen<Action<RoutingWorld>> Step = Gen.OneOf(
        Row.Select(row => (Action<RoutingWorld>)(world => world.Put(row))),
        Row.Select(row => (Action<RoutingWorld>)(world => world.Put(row))),
        Of(Names).Select(name => (Action<RoutingWorld>)(world => world.Cluster.Ingresses.Delete(RoutingWorld.Key(name)))),
        Gen.Select(Of("ours", "theirs", "late"), Gen.Bool, Gen.Int[0, 2]).Select((name, isDefault, age) => (Action<RoutingWorld>)(world => world.Cluster.IngressClasses.Upsert(
            name, new IngressClassRow { Name = name, Controller = name == "theirs" ? "other" : IngressOptions.DefaultController, IsDefault = isDefault, CreatedAt = DateTimeOffset.UnixEpoch.AddDays(age) }))),
        Of("ours", "theirs", "late").Select(name => (Action<RoutingWorld>)(world => world.Cluster.IngressClasses.Delete(name))),
        Gen.Select(Of("one", "two"), Gen.Int[0, 3], Gen.Bool).Select((name, endpoints, isExternal) => (Action<RoutingWorld>)(world => world.Service(
            name, endpoints, service => service with { Type = isExternal ? ServiceType.ExternalName : ServiceType.ClusterIP }))),
        Of("one", "two").Select(name => (Action<RoutingWorld>)(world => world.Cluster.Services.Delete(RoutingWorld.Key(name)))),
        Gen.Select(Of("one", "two"), Of("one", "two")).Select((slice, service) => (Action<RoutingWorld>)(world => Move(world, slice, service))),
        Of("a", "b").Select(zone => (Action<RoutingWorld>)(world => world.Cluster.Nodes.Upsert("n1", new NodeRow
        {
            Name = "n1",
            Labels = Fairlead.Kube.Selectors.Labels.From([new("topology.kubernetes.io/zone", zone)]),
        }))),
        Gen.Const((Action<RoutingWorld>)(world => world.Run())));

    [Fact]
    public void What_is_left_of_changes_is_what_the_rows_make() => Step.Array[1, 40].Sample(steps =>
    {
        using var world = World();
        foreach (var step in steps)
        {
            step(world);
        }

        using var fresh = World();
        Copy(world.Cluster.Ingresses, fresh.Cluster.Ingresses);
        Copy(world.Cluster.Services, fresh.Cluster.Services);
        Copy(world.Cluster.EndpointSlices, fresh.Cluster.EndpointSlices);
        Copy(world.Cluster.Nodes, fresh.Cluster.Nodes);
        fresh.Cluster.IngressClasses.Replace([.. world.Cluster.IngressClasses.Snapshot()]);
        Assert.Equal(Text(fresh.Run()), Text(world.Run()));
        Assert.Equal(fresh.Pass.Backends.Count, world.Pass.Backends.Count);
    }, iter: 3000);

    private static RoutingWorld World() => new(new IngressOptions { NodeName = "n1" });

    private static void Move(RoutingWorld world, string slice, string service)
    {
        if (world.Cluster.EndpointSlices.Get(RoutingWorld.Key(slice)) is { } row)
        {
            world.Cluster.EndpointSlices.Upsert(row.Key, row with
            {
                Service = RoutingWorld.Key(service),
                Endpoints = [new SliceEndpoint { Address = IpAddr.Parse("10.0.0.7"), ForZones = ["a"] }, new SliceEndpoint { Address = IpAddr.Parse("10.0.0.8"), ForZones = ["b"] }],
            });
        }
    }

    private static void Copy<TKey, TRow>(Table<TKey, TRow> from, Table<TKey, TRow> to)
        where TKey : notnull
        where TRow : class
    {
        foreach (var (key, row) in from.Snapshot())
        {
            to.Upsert(key, row);
        }
    }

    /// <summary>All that is written, in words.</summary>
    private static string Text(RoutingWorld world) => string.Join('\n', (IEnumerable<string>)
    [
        .. world.Tables.Routes.Hosts.OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => pair.Value.Routes.Append(pair.Value.Otherwise)
            .Select(route => $"route {pair.Key} {Text(route)}").Order(StringComparer.Ordinal)),
        $"default {Text(world.Tables.Routes.Default)}",
        .. world.Tables.Certificates.Snapshot().OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"certificate {pair.Key} {string.Join(' ', pair.Value.Secrets)}"),
        .. world.Tables.Served.Snapshot().OrderBy(pair => pair.Key).SelectMany(pair => pair.Value.Findings.Select(finding => $"{finding}").Order(StringComparer.Ordinal)
            .Prepend($"served {pair.Key} {string.Join(' ', pair.Value.Secrets)}")),
    ]);

    private static string Text(Route? route) => route is null ? "none"
        : $"{route.Ingress} {route.Host} {route.Path} {route.Type} {route.Backend.Key} {route.IsDefault} {string.Join(',', route.Backend.State.Endpoints)} {route.Backend.State.Missing}";

    private static Gen<T> Of<T>(params T[] values) => Gen.OneOf([.. values.Select(Gen.Const)]);
}
