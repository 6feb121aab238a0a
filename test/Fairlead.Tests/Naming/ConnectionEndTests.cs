using Fairlead.Cluster.Naming;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Naming;

public sealed class ConnectionEndTests
{
    [Theory]
    [InlineData("web", EndKind.Pod, "web", "", "")]
    [InlineData("web.shop", EndKind.Pod, "web", "shop", "")]
    [InlineData("pod/outside", EndKind.Pod, "outside", "", "")]
    [InlineData("v1.web.shop:http", EndKind.Pod, "v1.web", "shop", "http")]
    [InlineData("svc/api.shop:80", EndKind.Service, "api", "shop", "80")]
    [InlineData("service/api", EndKind.Service, "api", "", "")]
    [InlineData("deploy/front", EndKind.Deployment, "front", "", "")]
    [InlineData("statefulset/db.shop:5432", EndKind.StatefulSet, "db", "shop", "5432")]
    [InlineData("node/fairlead-1", EndKind.Node, "fairlead-1", "", "")]
    [InlineData("node/ip-10-0-0-1.internal:10250", EndKind.Node, "ip-10-0-0-1.internal", "", "10250")]
    [InlineData("ns/shop", EndKind.Namespace, "shop", "", "")]
    [InlineData("outside", EndKind.Outside, "", "", "")]
    [InlineData("outside:443", EndKind.Outside, "", "", "443")]
    public void Names_say_kind_name_namespace_and_port(string text, EndKind kind, string name, string ns, string port)
    {
        var end = ConnectionEnd.Parse(text);

        Assert.Equal(new ConnectionEnd(kind, name, ns) { Port = port }, end);
        Assert.Null(end.Protocol);
    }

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.1/32", "", null)]
    [InlineData("10.0.0.1:53", "10.0.0.1/32", "53", null)]
    [InlineData("10.0.0.1:53/udp", "10.0.0.1/32", "53", IpProtocol.Udp)]
    [InlineData("10.0.0.0/8", "10.0.0.0/8", "", null)]
    [InlineData("fd00::1", "fd00::1/128", "", null)]
    [InlineData("fd00::/64", "fd00::/64", "", null)]
    [InlineData("[fd00::1]:53", "fd00::1/128", "53", null)]
    [InlineData("[fd00::1]:53/UDP", "fd00::1/128", "53", IpProtocol.Udp)]
    public void Addresses_and_ranges_are_understood_in_both_families(string text, string range, string port, IpProtocol? protocol)
    {
        var end = ConnectionEnd.Parse(text);

        Assert.Equal(new ConnectionEnd(EndKind.Address, "", "") { Range = IpNet.Parse(range), Port = port, Protocol = protocol }, end);
    }

    [Theory]
    [InlineData("web/udp", EndKind.Pod, IpProtocol.Udp)]
    [InlineData("svc/dns.kube-system:53/udp", EndKind.Service, IpProtocol.Udp)]
    [InlineData("deploy/x:9/sctp", EndKind.Deployment, IpProtocol.Sctp)]
    public void A_protocol_may_follow(string text, EndKind kind, IpProtocol protocol)
    {
        var end = ConnectionEnd.Parse(text);

        Assert.Equal((kind, protocol), (end.Kind, end.Protocol));
    }

    [Theory]
    [InlineData("", "it is no name")]
    [InlineData("web:", "no port follows the colon")]
    [InlineData("web:0", "0 is no port")]
    [InlineData("web:70000", "70000 is no port")]
    [InlineData("Web", "it is no name")]
    [InlineData("web.", "it is no name")]
    [InlineData("bus/web", "there is no kind bus: pod, deploy")]
    [InlineData("a/b/c", "it is no name")]
    [InlineData("10.0.0.0/33", "there is no kind 10.0.0.0")]
    [InlineData("[10.0.0.1]:53", "it is no name")]
    public void What_is_wrong_is_said(string text, string fault)
    {
        Assert.False(ConnectionEnd.TryParse(text, out _, out var said));
        Assert.Contains(fault, said, StringComparison.Ordinal);
        Assert.StartsWith(text, said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("web.shop:80/tcp")]
    [InlineData("svc/api.shop:http")]
    [InlineData("deploy/front")]
    [InlineData("[fd00::1]:53/udp")]
    [InlineData("10.0.0.0/8")]
    [InlineData("outside:443")]
    [InlineData("node/n1")]
    public void Its_text_is_what_was_written(string text) => Assert.Equal(text, $"{ConnectionEnd.Parse(text)}");

    [Fact]
    public void The_namespace_that_is_meant_goes_to_what_has_one()
    {
        Assert.Equal("web.shop", $"{ConnectionEnd.Parse("web").In("shop")}");
        Assert.Equal("web.prod", $"{ConnectionEnd.Parse("web.prod").In("shop")}");
        Assert.Equal("node/n1", $"{ConnectionEnd.Parse("node/n1").In("shop")}");
        Assert.Equal("10.0.0.1", $"{ConnectionEnd.Parse("10.0.0.1").In("shop")}");
    }
}
