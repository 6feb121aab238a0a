using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Dns.Config;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Dns;

/// <summary>Several zones over one cluster: cluster zones, whole reverse zones and parts of them, with and without fall-through; and the case of names.</summary>
public sealed class ZoneNamesTests : IDisposable
{
    private const string Soa = "SOA ns.dns.ZONE hostmaster.ZONE 1700000000 7200 1800 86400 5";

    private readonly DnsLab _lab = new DnsLab(kubernetes: new KubernetesOptions
    {
        Zones =
        [
            "0.10.in-addr.arpa", "cluster.local", "example.org", "168.192.in-addr.arpa", "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.c.b.a.4.3.2.1.ip6.arpa",
            "shared.org", "deep.cluster.local",
        ],
        Fallthrough = ["168.192.in-addr.arpa", "shared.org"],
    }).Namespace("testns")
        .Service("kube-system/kube-dns", "10.96.0.10")
        .Service("testns/svc1", "192.168.1.100", DnsLab.Port("http", IpProtocol.Tcp, 80))
        .Slice("testns/svc1", "svc1-slice1", "10.0.0.100=ep1a 10.0.0.99=double-ep")
        .Slice("testns/svc1", "svc1-slice2", "1234:abcd::1=ep1b")
        .Slice("testns/svc1", "svc1-skewed", "10.0.0.100=ep1a")
        .Service("testns/svc2", "192.168.1.101")
        .Slice("testns/svc2", "svc2-slice1", "10.0.0.99=double-ep")
        .Service("testns/hdls", "None")
        .Slice("testns/hdls", "hdls-1", "10.1.0.1=Web-0 10.1.0.2", new EndpointPort("http", IpProtocol.Tcp, 8080), new EndpointPort("", IpProtocol.Udp, 99))
        .Service("testns/svc3", "192.168.1.103", DnsLab.Port("http", IpProtocol.Tcp, 80))
        .Slice("testns/svc3", "svc3-1", "10.1.0.3=ep3a 10.1.0.4 10.1.0.5!", new EndpointPort("http", IpProtocol.Tcp, 8080), new EndpointPort("m", IpProtocol.Tcp, 9090))
        .External("testns/away", "svc1.testns.svc.example.org")
        .External("testns/number", "192.0.2.1");

    [Theory]
    [InlineData("100.0.0.10.in-addr.arpa", "NOERROR AA|100.0.0.10.in-addr.arpa. 5 PTR ep1a.svc1.testns.svc.cluster.local.")]
    [InlineData("100.1.168.192.in-addr.arpa", "NOERROR AA|100.1.168.192.in-addr.arpa. 5 PTR svc1.testns.svc.cluster.local.")]
    [InlineData("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.c.b.a.4.3.2.1.ip6.arpa",
        "NOERROR AA|1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.c.b.a.4.3.2.1.ip6.arpa. 5 PTR ep1b.svc1.testns.svc.cluster.local.")]
    [InlineData("99.0.0.10.in-addr.arpa", "NOERROR AA|99.0.0.10.in-addr.arpa. 5 PTR double-ep.svc1.testns.svc.cluster.local."
        + "|99.0.0.10.in-addr.arpa. 5 PTR double-ep.svc2.testns.svc.cluster.local.")]
    [InlineData("101.0.0.10.in-addr.arpa", "NXDOMAIN AA|SOA 0.10.in-addr.arpa.")]
    [InlineData("svc1.testns.svc.0.10.in-addr.arpa", "NXDOMAIN AA|SOA 0.10.in-addr.arpa.")]
    [InlineData("0.10.in-addr.arpa", "NOERROR AA|SOA 0.10.in-addr.arpa.")]
    [InlineData("1.1.168.192.in-addr.arpa", "SERVFAIL")] // asked upstream, where nobody is
    [InlineData("168.192.in-addr.arpa", "SERVFAIL")]
    [InlineData("1.1.0.11.in-addr.arpa", "SERVFAIL")]
    [InlineData("example.org.cluster.local", "NXDOMAIN AA|SOA cluster.local.")]
    [InlineData("svc1.testns.svc.cluster.local", "NOERROR AA|SOA cluster.local.")]
    [InlineData("100.0.0.10.cluster.local", "NXDOMAIN AA|SOA cluster.local.")]
    public void Reverse_names(string name, string expected) => Check(name, RecordType.PTR, expected);

    [Theory]
    [InlineData("cluster.local", "SOA", "NOERROR AA|=SOA cluster.local.")]
    [InlineData("cluster.local", "HINFO", "NOERROR AA|SOA cluster.local.")]
    [InlineData("cluster.local", "A", "NOERROR AA|SOA cluster.local.")]
    [InlineData("cluster.local", "AAAA", "NOERROR AA|SOA cluster.local.")]
    [InlineData("cluster.local", "SRV", "NOERROR AA|SOA cluster.local.")]
    [InlineData("cluster.local", "NS", "NOERROR AA|cluster.local. 5 NS ns.dns.cluster.local.|++ ns.dns.cluster.local. 5 A 10.96.0.10")]
    [InlineData("example.org", "NS", "NOERROR AA|example.org. 5 NS ns.dns.example.org.|++ ns.dns.example.org. 5 A 10.96.0.10")]
    [InlineData("0.10.in-addr.arpa", "NS", "NOERROR AA|0.10.in-addr.arpa. 5 NS ns.dns.0.10.in-addr.arpa.|++ ns.dns.0.10.in-addr.arpa. 5 A 10.96.0.10")]
    [InlineData("ns.dns.example.org", "A", "NOERROR AA|ns.dns.example.org. 5 A 10.96.0.10")]
    [InlineData("ns.dns.0.10.in-addr.arpa", "A", "NOERROR AA|ns.dns.0.10.in-addr.arpa. 5 A 10.96.0.10")]
    [InlineData("svc.cluster.local", "NS", "NOERROR AA|SOA cluster.local.")]
    [InlineData("testns.svc.cluster.local", "NS", "NOERROR AA|SOA cluster.local.")]
    [InlineData("foo.cluster.local", "NS", "NXDOMAIN AA|SOA cluster.local.")]
    [InlineData("foo.svc.cluster.local", "NS", "NXDOMAIN AA|SOA cluster.local.")]
    [InlineData("svc1.testns.svc.cluster.local", "SOA", "NOERROR AA|SOA cluster.local.")]
    [InlineData("svc1.testns.svc.example.org", "A", "NOERROR AA|svc1.testns.svc.example.org. 5 A 192.168.1.100")]
    [InlineData("_http._tcp.svc1.testns.svc.example.org", "SRV", "NOERROR AA|_http._tcp.svc1.testns.svc.example.org. 5 SRV 0 100 80 svc1.testns.svc.example.org."
        + "|++ svc1.testns.svc.example.org. 5 A 192.168.1.100")]
    [InlineData("nobody.testns.svc.example.org", "A", "NXDOMAIN AA|SOA example.org.")]
    [InlineData("nobody.testns.svc.shared.org", "A", "SERVFAIL")] // falls through: asked upstream, where nobody is
    [InlineData("nobody.testns.svc.shared.org", "SOA", "NOERROR AA|SOA shared.org.")]
    [InlineData("svc1.testns.svc.shared.org", "A", "NOERROR AA|svc1.testns.svc.shared.org. 5 A 192.168.1.100")]
    [InlineData("svc1.testns.svc.shared.org", "AAAA", "NOERROR AA|SOA shared.org.")]
    [InlineData("svc1.testns.svc.deep.cluster.local", "A", "NOERROR AA|svc1.testns.svc.deep.cluster.local. 5 A 192.168.1.100")] // the longest zone has it
    [InlineData("away.testns.svc.cluster.local", "A", "NOERROR AA|away.testns.svc.cluster.local. 5 CNAME svc1.testns.svc.example.org."
        + "|svc1.testns.svc.example.org. 5 A 192.168.1.100")]
    [InlineData("away.testns.svc.cluster.local", "AAAA", "NOERROR AA|away.testns.svc.cluster.local. 5 CNAME svc1.testns.svc.example.org.|SOA example.org.")]
    [InlineData("away.testns.svc.cluster.local", "TXT", "NOERROR AA|away.testns.svc.cluster.local. 5 CNAME svc1.testns.svc.example.org.|SOA example.org.")]
    [InlineData("number.testns.svc.cluster.local", "A", "NXDOMAIN AA|SOA cluster.local.")]
    public void Each_zone_is_whole(string name, string type, string expected) => Check(name, Enum.Parse<RecordType>(type), expected);

    [Theory]
    [InlineData("web-0.hdls.testns.svc.cluster.local", "NOERROR AA|web-0.hdls.testns.svc.cluster.local. 5 SRV 0 50 8080 web-0.hdls.testns.svc.cluster.local."
        + "|web-0.hdls.testns.svc.cluster.local. 5 SRV 0 50 99 web-0.hdls.testns.svc.cluster.local.|++ web-0.hdls.testns.svc.cluster.local. 5 A 10.1.0.1")]
    [InlineData("_http._tcp.hdls.testns.svc.cluster.local", "NOERROR AA"
        + "|_http._tcp.hdls.testns.svc.cluster.local. 5 SRV 0 50 8080 10-1-0-2.hdls.testns.svc.cluster.local."
        + "|_http._tcp.hdls.testns.svc.cluster.local. 5 SRV 0 50 8080 web-0.hdls.testns.svc.cluster.local."
        + "|++ 10-1-0-2.hdls.testns.svc.cluster.local. 5 A 10.1.0.2|++ web-0.hdls.testns.svc.cluster.local. 5 A 10.1.0.1")]
    [InlineData("ep1a.svc1.testns.svc.cluster.local", "NOERROR AA|SOA cluster.local.")] // no port of its endpoints is known
    [InlineData("ep3a.svc3.testns.svc.cluster.local", "NOERROR AA|ep3a.svc3.testns.svc.cluster.local. 5 SRV 0 50 8080 ep3a.svc3.testns.svc.cluster.local."
        + "|ep3a.svc3.testns.svc.cluster.local. 5 SRV 0 50 9090 ep3a.svc3.testns.svc.cluster.local.|++ ep3a.svc3.testns.svc.cluster.local. 5 A 10.1.0.3")]
    [InlineData("10-1-0-4.svc3.testns.svc.cluster.local", "NOERROR AA|10-1-0-4.svc3.testns.svc.cluster.local. 5 SRV 0 50 8080 10-1-0-4.svc3.testns.svc.cluster.local."
        + "|10-1-0-4.svc3.testns.svc.cluster.local. 5 SRV 0 50 9090 10-1-0-4.svc3.testns.svc.cluster.local.|++ 10-1-0-4.svc3.testns.svc.cluster.local. 5 A 10.1.0.4")]
    [InlineData("10-1-0-5.svc3.testns.svc.cluster.local", "NXDOMAIN AA|SOA cluster.local.")] // not ready
    public void Endpoints_have_their_ports(string name, string expected) => Check(name, RecordType.SRV, expected);

    [Theory]
    [InlineData("not-a-service.testns.svc.ClUsTeR.lOcAl", "A", "NXDOMAIN AA|SOA ClUsTeR.lOcAl.")]
    [InlineData("SvC1.TeStNs.SvC.cLuStEr.LoCaL", "A", "NOERROR AA|SvC1.TeStNs.SvC.cLuStEr.LoCaL. 5 A 192.168.1.100")]
    [InlineData("_HtTp._TcP.sVc1.TeStNs.SvC.cLuStEr.LoCaL", "SRV", "NOERROR AA|_HtTp._TcP.sVc1.TeStNs.SvC.cLuStEr.LoCaL. 5 SRV 0 100 80 svc1.testns.svc.cLuStEr.LoCaL."
        + "|++ svc1.testns.svc.cLuStEr.LoCaL. 5 A 192.168.1.100")]
    [InlineData("Cluster.local", "SOA", "NOERROR AA|=SOA Cluster.local.")]
    [InlineData("101.0.0.10.IN-addr.ARPA", "PTR", "NXDOMAIN AA|SOA 0.10.IN-addr.ARPA.")]
    public void Answers_keep_the_case_of_the_question(string name, string type, string expected) => Check(name, Enum.Parse<RecordType>(type), expected);

    [Fact]
    public void A_root_zone_is_a_zone()
    {
        using var lab = new DnsLab(kubernetes: new KubernetesOptions { Zones = [""] }).Namespace("testns").Service("testns/svc1", "192.168.1.100");
        Assert.Equal("NOERROR AA\nsvc1.testns.svc. 5 A 192.168.1.100", lab.Ask("svc1.testns.svc", RecordType.A));
        Assert.Equal("NXDOMAIN AA\n+ . 5 SOA ns.dns. hostmaster. 1700000000 7200 1800 86400 5", lab.Ask("www.example.com", RecordType.A));
    }

    [Fact]
    public void Addresses_in_the_clusters_ranges_do_not_leave_it_though_reverse_names_fall_through()
    {
        using var lab = new DnsLab(options: new DnsOptions { ClusterRanges = [IpNet.Parse("10.96.0.0/12"), IpNet.Parse("fd00:96::/112")] });
        Assert.StartsWith("NXDOMAIN AA", lab.Ask("9.9.96.10.in-addr.arpa", RecordType.PTR), StringComparison.Ordinal);
        Assert.StartsWith("NXDOMAIN AA", lab.Ask("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.0.d.f.ip6.arpa", RecordType.PTR), StringComparison.Ordinal);
        Assert.Equal("SERVFAIL", lab.Ask("8.8.8.8.in-addr.arpa", RecordType.PTR));
    }

    public void Dispose() => _lab.Dispose();

    private void Check(string name, RecordType type, string expected)
    {
        var lines = expected.Split('|').Select(line => line.Split(' ') switch
        {
            ["SOA", var zone] => $"+ {zone} 5 " + Soa.Replace("ZONE", zone, StringComparison.Ordinal),
            ["=SOA", var zone] => $"{zone} 5 " + Soa.Replace("ZONE", zone, StringComparison.Ordinal),
            _ => line,
        });
        Assert.Equal(string.Join('\n', lines), _lab.Ask(name, type));
    }
}
