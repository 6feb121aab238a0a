using Fairlead.Cluster.Model;
using Fairlead.Dns.Config;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Dns;

/// <summary>Names of a headless Service's endpoints in one topology zone (CoreDNS's option <c>zonal</c>).</summary>
public sealed class ZonalNamesTests : IDisposable
{
    private const string Soa = "+ cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 5";
    private static readonly KubernetesOptions Options = new() { Zones = ["cluster.local"], Zonal = true };
    private readonly DnsLab _lab = Fill(new DnsLab(kubernetes: Options));

    [Theory]
    [InlineData("us-west-2a.pin._zone.hdls", "A", "NOERROR AA|$ 5 A 172.0.0.1")]
    [InlineData("us-west-2b.pin._zone.hdls", "A", "NOERROR AA|$ 5 A 172.0.0.2|$ 5 A 172.0.0.3")]
    [InlineData("us-west-2c.pin._zone.hdls", "A", "NOERROR AA|SOA")]
    [InlineData("us-west-2a.prefer._zone.hdls", "A", "NOERROR AA|$ 5 A 172.0.0.1")]
    [InlineData("us-west-2c.prefer._zone.hdls", "A", "NOERROR AA|$ 5 A 172.0.0.1|$ 5 A 172.0.0.2|$ 5 A 172.0.0.3")]
    [InlineData("us-west-2a.pin._zone.ghost", "A", "NXDOMAIN AA|SOA")]
    [InlineData("us-west-2a.florp._zone.hdls", "A", "NXDOMAIN AA|SOA")]
    [InlineData("us-west-2a.pin._zone.clstr", "A", "NXDOMAIN AA|SOA")]
    [InlineData("us-west-2a.prefer._zone.away", "A", "NXDOMAIN AA|SOA")]
    [InlineData("us-west-2c.pin._zone.hdls", "TXT", "NOERROR AA|SOA")]
    [InlineData("us-west-2c.prefer._zone.hdls", "SRV", "NOERROR AA|$ 5 SRV 0 33 80 172-0-0-1.HDLS|$ 5 SRV 0 33 80 172-0-0-2.HDLS|$ 5 SRV 0 33 80 172-0-0-3.HDLS"
        + "|++ 172-0-0-1.HDLS 5 A 172.0.0.1|++ 172-0-0-2.HDLS 5 A 172.0.0.2|++ 172-0-0-3.HDLS 5 A 172.0.0.3")]
    [InlineData("us-west-2c.prefer._zone.hdls", "TXT", "NOERROR AA|SOA")]
    [InlineData("us-west-2b.pin._zone.hdls", "SRV", "NOERROR AA|$ 5 SRV 0 50 80 172-0-0-2.HDLS|$ 5 SRV 0 50 80 172-0-0-3.HDLS"
        + "|++ 172-0-0-2.HDLS 5 A 172.0.0.2|++ 172-0-0-3.HDLS 5 A 172.0.0.3")]
    public void The_cases_of_CoreDNS(string name, string type, string expected) => Check(_lab, name, type, expected);

    [Theory]
    [InlineData("us-west-2a._zone.hdls", "A", "NXDOMAIN AA|SOA")]
    [InlineData("_zone.hdls", "A", "NOERROR AA|SOA")] // above others: RFC 8020
    [InlineData("pin._zone.hdls", "A", "NOERROR AA|SOA")]
    [InlineData("prefer._zone.hdls", "TXT", "NOERROR AA|SOA")]
    [InlineData("_zone.clstr", "A", "NXDOMAIN AA|SOA")]
    [InlineData("corp.example.com.pin._zone.other", "A", "NOERROR AA|$ 5 A 172.0.1.1")]
    [InlineData("example.com.pin._zone.other", "A", "NOERROR AA|SOA")]
    [InlineData("Corp.Example.COM.PIN._Zone.other", "A", "NOERROR AA|$ 5 A 172.0.1.1")]
    [InlineData("mixed.pin._zone.other", "AAAA", "NOERROR AA|$ 5 AAAA fd00::2")]
    [InlineData("mixed.prefer._zone.other", "A", "NOERROR AA|SOA")]
    [InlineData("drained.pin._zone.other", "A", "NOERROR AA|SOA")]
    [InlineData("drained.prefer._zone.other", "A", "NOERROR AA|$ 5 A 172.0.1.1|$ 5 A 172.0.1.4")]
    [InlineData("a.pin._zone.gone", "A", "NXDOMAIN AA|SOA")]
    [InlineData("other", "A", "NOERROR AA|$ 5 A 172.0.1.1|$ 5 A 172.0.1.4")]
    public void Names_around_them(string name, string type, string expected) => Check(_lab, name, type, expected);

    [Theory]
    [InlineData("us-west-2a.pin._zone.hdls")]
    [InlineData("us-west-2a.prefer._zone.hdls")]
    [InlineData("pin._zone.hdls")]
    [InlineData("_zone.hdls")]
    public void Without_the_option_there_are_none(string name)
    {
        using var lab = Fill(new DnsLab(kubernetes: Options with { Zonal = false }));
        Check(lab, name, "A", "NXDOMAIN AA|SOA");
    }

    public void Dispose() => _lab.Dispose();

    private static DnsLab Fill(DnsLab lab) => lab.Namespace("testns")
        .Service("testns/hdls", "None")
        .Slice("testns/hdls", "hdls-slice", "172.0.0.1@us-west-2a 172.0.0.2@us-west-2b 172.0.0.3@us-west-2b", new EndpointPort("http", IpProtocol.Tcp, 80))
        .Service("testns/clstr", "10.0.0.10", DnsLab.Port("http", IpProtocol.Tcp, 80))
        .Slice("testns/clstr", "clstr-slice", "172.0.0.9@us-west-2a", new EndpointPort("http", IpProtocol.Tcp, 80))
        .External("testns/away", "www.example.com")
        .Service("testns/other", "None")
        .Slice("testns/other", "other-4", "172.0.1.1@corp.example.com 172.0.1.3@drained! 172.0.1.4")
        .Slice("testns/other", "other-6", "fd00::2@Mixed")
        .Service("testns/gone", "None");

    private static void Check(DnsLab lab, string name, string type, string expected)
    {
        var full = $"{name}.testns.svc.cluster.local";
        var lines = expected.Replace("SOA", Soa, StringComparison.Ordinal).Replace("$", full + ".", StringComparison.Ordinal)
            .Replace("HDLS", "hdls.testns.svc.cluster.local.", StringComparison.Ordinal).Split('|');
        Assert.Equal(string.Join('\n', lines), lab.Ask(full, Enum.Parse<RecordType>(type)));
    }
}
