using Fairlead.Cluster.Model;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Dns;

/// <summary>What somebody gets who asks by UDP in another's name, so that the answer floods that one. The rate is not limited; the size is.</summary>
public sealed class AmplificationTests
{
    private static readonly byte[] LargestOffer = [0, 0, 41, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0];

    [Fact]
    public void No_answer_by_udp_is_longer_than_1232_bytes_and_without_edns_512_whatever_is_asked()
    {
        using var lab = Lab();
        string[] names = ["many.prod.svc.cluster.local", "_http._tcp.many.prod.svc.cluster.local", "cluster.local", "1.0.244.10.in-addr.arpa", "dns-version.cluster.local"];
        RecordType[] types = [RecordType.A, RecordType.AAAA, RecordType.SRV, RecordType.ANY, RecordType.SOA, RecordType.TXT, RecordType.NS, RecordType.PTR];
        foreach (var (name, type) in names.SelectMany(name => types, ValueTuple.Create))
        {
            Assert.InRange(lab.Reply(DnsLab.Query(name, type, after: LargestOffer), tcp: false).Length, DnsHeader.Length, DnsQuery.MaxUdp);
            Assert.InRange(lab.Reply(DnsLab.Query(name, type), tcp: false).Length, DnsHeader.Length, DnsQuery.MinUdp);
        }
    }

    [Fact]
    public void ANY_gives_one_short_record_of_a_name_that_has_a_thousand()
    {
        using var lab = Lab();
        var query = DnsLab.Query("many.prod.svc.cluster.local", RecordType.ANY, after: LargestOffer);
        Assert.InRange(lab.Reply(query, tcp: false).Length, query.Length, query.Length + 21);
    }

    [Fact]
    public void What_is_no_query_is_not_answered_at_all()
    {
        using var lab = Lab();
        var response = DnsLab.Query("many.prod.svc.cluster.local", RecordType.A);
        response[2] |= 0x80;
        Assert.Empty(lab.Reply(response, tcp: false));
        Assert.Empty(lab.Reply(response[..11], tcp: false));
    }

    private static DnsLab Lab() => new DnsLab().Namespace("prod").Service("prod/many", "None")
        .Slice("prod/many", "many", string.Join(' ', Enumerable.Range(0, 1000).Select(i => $"10.244.{i / 250}.{1 + (i % 250)}")), new EndpointPort("http", IpProtocol.Tcp, 80));
}
