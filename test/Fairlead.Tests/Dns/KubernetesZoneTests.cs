using Fairlead.Dns;
using Fairlead.Dns.Wire;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Dns;

/// <summary>The record tables of the DNS specification 1.1.0 and CoreDNS's edge cases; names relative to cluster.local unless they end in a dot.</summary>
public sealed class KubernetesZoneTests : IDisposable
{
    private const string Soa = "+ cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 5";
    private readonly DnsLab _lab = new DnsLab(options: new DnsOptions { ClusterRanges = [IpNet.Parse("10.96.0.0/12")] })
        .Namespace("prod", "kube-system")
        .Service("kube-system/kube-dns", "10.96.0.10", DnsLab.Port("dns", IpProtocol.Udp, 53), DnsLab.Port("dns-tcp", IpProtocol.Tcp, 53))
        .Service("prod/api", "10.96.1.1,fd00::1", DnsLab.Port("http", IpProtocol.Tcp, 80), DnsLab.Port("", IpProtocol.Udp, 99))
        .Slice("prod/api", "api-1", "10.244.1.7=web 10.244.1.8!", new EndpointPort("http", IpProtocol.Tcp, 8080))
        .Service("prod/empty", "10.96.1.2")
        .Service("prod/db", "None", DnsLab.Port("sql", IpProtocol.Tcp, 5432))
        .Slice("prod/db", "db-4", "10.244.1.1=db-0 10.244.2.2 10.244.2.3!", new EndpointPort("sql", IpProtocol.Tcp, 15432))
        .Slice("prod/db", "db-6", "fd01::1=db-0 fd01::", new EndpointPort("sql", IpProtocol.Tcp, 15432))
        .Service("prod/gone", "None")
        .Slice("prod/gone", "gone-1", "10.244.2.9!")
        .External("prod/inside", "api.prod.svc.cluster.local")
        .External("prod/missing", "nothing.prod.svc.cluster.local")
        .External("prod/loop", "loop.prod.svc.cluster.local")
        .External("prod/outside", "www.example.com");

    [Theory]
    [InlineData("dns-version", "TXT", "NOERROR AA|dns-version.cluster.local. 28800 TXT \"1.1.0\"")]
    [InlineData("dns-version", "A", "NOERROR AA|SOA")]
    [InlineData("api.prod.svc", "A", "NOERROR AA|api.prod.svc.cluster.local. 5 A 10.96.1.1")]
    [InlineData("api.prod.svc", "AAAA", "NOERROR AA|api.prod.svc.cluster.local. 5 AAAA fd00::1")]
    [InlineData("empty.prod.svc", "A", "NOERROR AA|empty.prod.svc.cluster.local. 5 A 10.96.1.2")]
    [InlineData("empty.prod.svc", "AAAA", "NOERROR AA|SOA")]
    [InlineData("api.prod.svc", "TXT", "NOERROR AA|SOA")]
    [InlineData("nobody.prod.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("api.nowhere.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("*.prod.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("a.b.c.api.prod.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("api.prod", "A", "NXDOMAIN AA|SOA")]
    public void Service_names(string name, string type, string expected) => Check(name, type, expected);

    [Theory]
    [InlineData("_http._tcp.api.prod.svc", "SRV", "NOERROR AA|_http._tcp.api.prod.svc.cluster.local. 5 SRV 0 50 80 api.prod.svc.cluster.local."
        + "|++ api.prod.svc.cluster.local. 5 A 10.96.1.1|++ api.prod.svc.cluster.local. 5 AAAA fd00::1")]
    [InlineData("http.tcp.empty.prod.svc", "SRV", "NXDOMAIN AA|SOA")]
    [InlineData("http.tcp.api.prod.svc", "SRV", "NOERROR AA|http.tcp.api.prod.svc.cluster.local. 5 SRV 0 50 80 api.prod.svc.cluster.local."
        + "|++ api.prod.svc.cluster.local. 5 A 10.96.1.1|++ api.prod.svc.cluster.local. 5 AAAA fd00::1")]
    [InlineData("_http._udp.api.prod.svc", "SRV", "NXDOMAIN AA|SOA")]
    [InlineData("_https._tcp.api.prod.svc", "SRV", "NXDOMAIN AA|SOA")]
    [InlineData("_http._tcp.api.prod.svc", "A", "NOERROR AA|SOA")]
    [InlineData("_tcp.api.prod.svc", "A", "NOERROR AA|SOA")]
    [InlineData("api.prod.svc", "SRV", "NOERROR AA|api.prod.svc.cluster.local. 5 SRV 0 25 80 api.prod.svc.cluster.local."
        + "|api.prod.svc.cluster.local. 5 SRV 0 25 99 api.prod.svc.cluster.local."
        + "|++ api.prod.svc.cluster.local. 5 A 10.96.1.1|++ api.prod.svc.cluster.local. 5 AAAA fd00::1")]
    public void Ports_of_a_service_with_an_address(string name, string type, string expected) => Check(name, type, expected);

    [Theory]
    [InlineData("db.prod.svc", "A", "NOERROR AA|db.prod.svc.cluster.local. 5 A 10.244.1.1|db.prod.svc.cluster.local. 5 A 10.244.2.2")]
    [InlineData("db.prod.svc", "AAAA", "NOERROR AA|db.prod.svc.cluster.local. 5 AAAA fd01::|db.prod.svc.cluster.local. 5 AAAA fd01::1")]
    [InlineData("gone.prod.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("db-0.db.prod.svc", "A", "NOERROR AA|db-0.db.prod.svc.cluster.local. 5 A 10.244.1.1")]
    [InlineData("db-0.db.prod.svc", "AAAA", "NOERROR AA|db-0.db.prod.svc.cluster.local. 5 AAAA fd01::1")]
    [InlineData("10-244-2-2.db.prod.svc", "A", "NOERROR AA|10-244-2-2.db.prod.svc.cluster.local. 5 A 10.244.2.2")]
    [InlineData("10-244-2-2.db.prod.svc", "AAAA", "NOERROR AA|SOA")]
    [InlineData("fd01--0.db.prod.svc", "AAAA", "NOERROR AA|fd01--0.db.prod.svc.cluster.local. 5 AAAA fd01::")]
    [InlineData("10-244-2-3.db.prod.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("web.api.prod.svc", "A", "NOERROR AA|web.api.prod.svc.cluster.local. 5 A 10.244.1.7")]
    [InlineData("_sql._tcp.db.prod.svc", "SRV", "NOERROR AA"
        + "|_sql._tcp.db.prod.svc.cluster.local. 5 SRV 0 25 15432 10-244-2-2.db.prod.svc.cluster.local."
        + "|_sql._tcp.db.prod.svc.cluster.local. 5 SRV 0 25 15432 db-0.db.prod.svc.cluster.local."
        + "|_sql._tcp.db.prod.svc.cluster.local. 5 SRV 0 25 15432 fd01--0.db.prod.svc.cluster.local."
        + "|++ 10-244-2-2.db.prod.svc.cluster.local. 5 A 10.244.2.2|++ db-0.db.prod.svc.cluster.local. 5 A 10.244.1.1"
        + "|++ db-0.db.prod.svc.cluster.local. 5 AAAA fd01::1|++ fd01--0.db.prod.svc.cluster.local. 5 AAAA fd01::")]
    public void Headless_services_and_endpoint_names(string name, string type, string expected) => Check(name, type, expected);

    [Theory]
    [InlineData("1.1.96.10.in-addr.arpa.", "PTR", "NOERROR AA|1.1.96.10.in-addr.arpa. 5 PTR api.prod.svc.cluster.local.")]
    [InlineData("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa.", "PTR",
        "NOERROR AA|1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa. 5 PTR api.prod.svc.cluster.local.")]
    [InlineData("1.1.244.10.in-addr.arpa.", "PTR", "NOERROR AA|1.1.244.10.in-addr.arpa. 5 PTR db-0.db.prod.svc.cluster.local.")]
    [InlineData("9.9.96.10.in-addr.arpa.", "PTR",
        "NXDOMAIN AA|+ in-addr.arpa. 5 SOA ns.dns.in-addr.arpa. hostmaster.in-addr.arpa. 1700000000 7200 1800 86400 5")]
    [InlineData("8.8.8.8.in-addr.arpa.", "PTR", "SERVFAIL")]
    [InlineData("96.10.in-addr.arpa.", "PTR", "SERVFAIL")]
    public void Reverse_names(string name, string type, string expected) => Check(name, type, expected);

    [Theory]
    [InlineData("inside.prod.svc", "A",
        "NOERROR AA|api.prod.svc.cluster.local. 5 A 10.96.1.1|inside.prod.svc.cluster.local. 5 CNAME api.prod.svc.cluster.local.")]
    [InlineData("inside.prod.svc", "CNAME", "NOERROR AA|inside.prod.svc.cluster.local. 5 CNAME api.prod.svc.cluster.local.")]
    [InlineData("missing.prod.svc", "A", "NXDOMAIN AA|missing.prod.svc.cluster.local. 5 CNAME nothing.prod.svc.cluster.local.|SOA")]
    [InlineData("outside.prod.svc", "CNAME", "NOERROR AA|outside.prod.svc.cluster.local. 5 CNAME www.example.com.")]
    [InlineData("outside.prod.svc", "SRV", "NOERROR AA|SOA")]
    [InlineData("sub.outside.prod.svc", "A", "NXDOMAIN AA|SOA")]
    public void External_names(string name, string type, string expected) => Check(name, type, expected);

    [Theory]
    [InlineData("loop.prod.svc")]
    [InlineData("LOOP.prod.svc")]
    public void An_alias_of_itself_is_dropped_and_ends(string name) => Check(name, "A", "NOERROR AA|SOA");

    [Theory]
    [InlineData("10-1-2-3.prod.pod", "A", "NOERROR AA|10-1-2-3.prod.pod.cluster.local. 5 A 10.1.2.3")]
    [InlineData("10-1-2-3.prod.pod", "AAAA", "NOERROR AA|SOA")]
    [InlineData("fd00--1-2.prod.pod", "AAAA", "NOERROR AA|fd00--1-2.prod.pod.cluster.local. 5 AAAA fd00::1:2")]
    [InlineData("--1.prod.pod", "AAAA", "NOERROR AA|--1.prod.pod.cluster.local. 5 AAAA ::1")]
    [InlineData("10-1-2-3.nowhere.pod", "A", "NXDOMAIN AA|SOA")]
    [InlineData("10-1-2-256.prod.pod", "A", "NXDOMAIN AA|SOA")]
    [InlineData("web.prod.pod", "A", "NXDOMAIN AA|SOA")]
    public void Pod_names(string name, string type, string expected) => Check(name, type, expected);

    [Theory]
    [InlineData("cluster.local.", "A")]
    [InlineData("svc", "A")]
    [InlineData("pod", "A")]
    [InlineData("dns", "A")]
    [InlineData("prod.svc", "A")]
    [InlineData("prod.pod", "A")]
    [InlineData("api.prod.svc", "SOA")]
    [InlineData("nobody.prod.svc", "SOA")]
    public void Names_without_records_of_their_own_exist(string name, string type) => Check(name, type, "NOERROR AA|SOA");

    [Theory]
    [InlineData("cluster.local.", "SOA", "NOERROR AA|cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 5")]
    [InlineData("cluster.local.", "NS", "NOERROR AA|cluster.local. 5 NS ns.dns.cluster.local.|++ ns.dns.cluster.local. 5 A 10.96.0.10")]
    [InlineData("ns.dns", "A", "NOERROR AA|ns.dns.cluster.local. 5 A 10.96.0.10")]
    [InlineData("api.prod.svc", "ANY", "NOERROR AA|api.prod.svc.cluster.local. 5 HINFO \"RFC8482\"")]
    [InlineData("nobody.prod.svc", "ANY", "NXDOMAIN AA|SOA")]
    [InlineData("cluster.local.", "AXFR", "REFUSED")]
    [InlineData("api.prod.svc", "IXFR", "REFUSED")]
    [InlineData("api.", "A", "SERVFAIL")]
    [InlineData("www.example.com.", "A", "SERVFAIL")]
    public void Apex_any_transfers_and_other_zones(string name, string type, string expected) => Check(name, type, expected);

    [Fact]
    public void Until_the_tables_have_listed_nothing_is_denied()
    {
        using var lab = new DnsLab(synced: false);
        Assert.Equal("SERVFAIL", lab.Ask("api.prod.svc.cluster.local", RecordType.A));
        Assert.Equal("SERVFAIL", lab.Ask("1.1.96.10.in-addr.arpa", RecordType.PTR));
        lab.Sync();
        Assert.StartsWith("NXDOMAIN AA", lab.Ask("api.prod.svc.cluster.local", RecordType.A), StringComparison.Ordinal);
    }

    [Fact]
    public void Changes_take_names_away_and_give_them()
    {
        _lab.Tables.EndpointSlices.Delete(new ObjectKey("prod", "db-4"));
        Check("db.prod.svc", "A", "NOERROR AA|SOA");
        Check("1.1.244.10.in-addr.arpa.", "PTR", "SERVFAIL");
        _lab.Tables.Services.Delete(new ObjectKey("prod", "api"));
        Check("api.prod.svc", "A", "NXDOMAIN AA|SOA");
        _lab.Service("prod/api", "10.96.1.9");
        Check("api.prod.svc", "A", "NOERROR AA|api.prod.svc.cluster.local. 5 A 10.96.1.9");
        Check("9.1.96.10.in-addr.arpa.", "PTR", "NOERROR AA|9.1.96.10.in-addr.arpa. 5 PTR api.prod.svc.cluster.local.");
        Check("web.api.prod.svc", "A", "NOERROR AA|web.api.prod.svc.cluster.local. 5 A 10.244.1.7");
        _lab.Tables.Namespaces.Delete("prod");
        Check("prod.svc", "A", "NXDOMAIN AA|SOA");
    }

    public void Dispose() => _lab.Dispose();

    private void Check(string name, string type, string expected)
    {
        var full = name.EndsWith('.') ? name : name + ".cluster.local";
        var text = expected.Replace("|SOA", "|" + Soa, StringComparison.Ordinal).Replace('|', '\n');
        Assert.Equal(text, _lab.Ask(full, Enum.Parse<RecordType>(type)));
    }
}
