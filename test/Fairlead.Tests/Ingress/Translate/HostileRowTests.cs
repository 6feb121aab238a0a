using CsCheck;
using Fairlead.Cluster.Model;
using Fairlead.Ingress.Translate;
using Fairlead.State;

namespace Fairlead.Tests.Ingress.Translate;

/// <summary>Rows past the API server's own checks: line ends, quotes and the like in every field make no route that a request could take, and no message of two lines.</summary>
public sealed class HostileRowTests
{
    private static readonly string[] Evil = ["\r", "\n", "\r\nX-Evil: 1\r\n", "\0", "\"", "'", "`$(x)`", "%0d%0a", "%0D%0AX: 1", "%00", "\u0085", "\u2028", "../", "{{x}}", "*", "\ud800", " "];
    private static readonly Gen<string> Word = Gen.OneOf([.. Evil.Concat(["a", "b.org", "*.c.org", "/x", ""]).Select(Gen.Const)]);
    private static readonly Gen<string> Text = Word.Array[1, 4].Select(string.Concat);
    private static readonly Gen<IngressBackend> Backend = Gen.Select(Text, Text, Gen.UShort).Select((service, port, number) => new IngressBackend(service, port, number) { Resource = service });

    private static readonly Gen<IngressRow> Row = Gen.Select(
        Gen.Select(Text, Text), Gen.Select(Text, Gen.Select(Text, Gen.Enum<PathType>(), Backend).Array[0, 3]).Array[0, 3], Backend, Gen.Select(Text.Array[0, 2], Text).Array[0, 2], Text).Select((key, rules, backend, tls, annotation) =>
        new IngressRow
        {
            Key = new ObjectKey(key.Item1, key.Item2),
            ClassName = RoutingWorld.OurClass,
            Rules = rules.Select(rule => new IngressRule(
                rule.Item1.ToLowerInvariant(), rule.Item2.Select(path => new IngressPath(path.Item1, path.Item2, path.Item3)).ToValueArray())).ToValueArray(),
            DefaultBackend = backend,
            Tls = tls.Select(one => new IngressTls(one.Item1.ToValueArray(), one.Item2)).ToValueArray(),
            Annotations = RoutingWorld.Annotations(("app-root", annotation), ("rewrite-target", annotation), ("server-alias", annotation)),
        });

    [Fact]
    public void What_is_served_of_hostile_rows_has_no_control_character() => Row.Array[1, 4].Sample(rows =>
    {
        using var world = new RoutingWorld();
        foreach (var row in rows)
        {
            world.Put(row);
            foreach (var backend in row.Rules.SelectMany(rule => rule.Paths).Select(path => path.Backend).Append(row.DefaultBackend!))
            {
                // Half of them have a Service, with the port or with another.
                var key = new ObjectKey(row.Key.Namespace, backend.Service);
                if (backend.PortNumber % 2 == 0)
                {
                    world.Cluster.Services.Upsert(key, new ServiceRow { Key = key, Ports = [new ServicePort($"{backend.PortName}x", Fairlead.Linux.Addresses.IpProtocol.Udp, 80, 0, "", "")] });
                }
            }
        }

        world.Run();
        var (routes, findings) = (world.Tables.Routes.Hosts.SelectMany(pair => pair.Value.Routes).ToList(), world.Tables.Served.Snapshot().Values.SelectMany(row => row.Findings));
        Assert.All(routes, route => Assert.True((route.Host.Length == 0 || RuleText.IsHost(route.Host)) && route.Path.StartsWith('/')));
        Assert.DoesNotContain(routes, route => (route.Host + Uri.UnescapeDataString(route.Path)).Any(char.IsControl));
        Assert.All(world.Tables.Certificates.Snapshot().Keys, host => Assert.True(host.Length == 0 || RuleText.IsHost(host)));
        Assert.DoesNotContain(findings, finding => finding.Message.Any(char.IsControl));
        Assert.DoesNotContain(routes, route => route.Backend.State.Missing.Any(char.IsControl) || route.Backend.State.Missing.Length == 0);
    });

    [Theory]
    [InlineData("a.org", true)]
    [InlineData("*.a.org", true)]
    [InlineData("1.2.3.4", true)]
    [InlineData("*", false)]
    [InlineData("*.", false)]
    [InlineData("a.*.org", false)]
    [InlineData("**.org", false)]
    [InlineData("a..org", false)]
    [InlineData("a.org.", false)]
    [InlineData("A.org", false)]
    [InlineData("a_b.org", false)]
    [InlineData("-a.org", false)]
    [InlineData("a-.org", false)]
    [InlineData("a.org:80", false)]
    [InlineData("a.org\r", false)]
    public void A_host_is_a_DNS_name(string host, bool isHost) => Assert.Equal(isHost, RuleText.IsHost(host));

    [Fact]
    public void A_host_is_no_longer_than_a_DNS_name_may_be()
    {
        Assert.True(RuleText.IsHost(new string('a', 63)));
        Assert.False(RuleText.IsHost(new string('a', 64)));
        Assert.True(RuleText.IsHost(string.Join('.', Enumerable.Repeat(new string('a', 62), 4))));
        Assert.False(RuleText.IsHost(string.Join('.', Enumerable.Repeat(new string('a', 63), 4))));
    }

    [Theory]
    [InlineData("/", true)]
    [InlineData("/a b/\"'/%20/ü/%E2%82%AC/100%", true)]
    [InlineData("/a%", true)]
    [InlineData("/a%0", true)]
    [InlineData("/%0d%0a", false)]
    [InlineData("/%7F", false)]
    [InlineData("/a\n", false)]
    [InlineData("/a\0", false)]
    [InlineData("a", false)]
    public void A_path_begins_with_a_slash_and_has_no_control_character(string path, bool isPath) => Assert.Equal(isPath, RuleText.IsPath(path));
}
