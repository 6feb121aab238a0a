using Fairlead.Dns.Config;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;

namespace Fairlead.Tests.Dns;

/// <summary>Names written into the configuration itself.</summary>
public sealed class HostsZoneTests : IDisposable
{
    private readonly DnsLab _lab = new DnsLab().Namespace("prod").Service("prod/api", "10.96.1.1").External("prod/db", "db.example.org");

    [Fact]
    public void Addresses_of_the_family_asked_for_are_given_and_the_other_is_empty()
    {
        Use("10.0.0.1 db.example.org db\n2001:db8::1 db.example.org\n10.0.0.2 only4.example.org");
        Assert.Equal("NOERROR AA\nDB.example.org. 60 A 10.0.0.1", _lab.Ask("DB.example.org", RecordType.A));
        Assert.Equal("NOERROR AA\ndb.example.org. 60 AAAA 2001:db8::1", _lab.Ask("db.example.org", RecordType.AAAA));
        Assert.Equal("NOERROR AA", _lab.Ask("only4.example.org", RecordType.AAAA));
        Assert.Equal("NOERROR AA", _lab.Ask("only4.example.org", RecordType.TXT));
    }

    [Fact]
    public void A_name_that_it_does_not_know_fails_unless_it_falls_through()
    {
        Use("10.0.0.1 db.example.org");
        Assert.Equal("SERVFAIL", _lab.Ask("www.example.org", RecordType.A));
        Use("10.0.0.1 db.example.org\nfallthrough");
        Assert.NotNull(Handle("www.example.org").Pending);
        Assert.Equal("NOERROR AA\napi.prod.svc.cluster.local. 5 A 10.96.1.1", _lab.Ask("api.prod.svc.cluster.local", RecordType.A));
        Use("10.0.0.1 db.example.org\nfallthrough cluster.local");
        Assert.Equal("SERVFAIL", _lab.Ask("www.example.org", RecordType.A));
        Assert.StartsWith("NOERROR AA\n", _lab.Ask("api.prod.svc.cluster.local", RecordType.A), StringComparison.Ordinal);
    }

    [Fact]
    public void It_stands_before_the_clusters_names()
    {
        Use("10.0.0.9 api.prod.svc.cluster.local\nfallthrough");
        Assert.Equal("NOERROR AA\napi.prod.svc.cluster.local. 60 A 10.0.0.9", _lab.Ask("api.prod.svc.cluster.local", RecordType.A));
    }

    [Fact]
    public void Reverse_names_have_every_name_of_their_address()
    {
        Use("10.0.0.1 db.example.org db\nfallthrough");
        Assert.Equal("NOERROR AA\n1.0.0.10.in-addr.arpa. 60 PTR db.\n1.0.0.10.in-addr.arpa. 60 PTR db.example.org.", _lab.Ask("1.0.0.10.in-addr.arpa", RecordType.PTR));
        Use("10.0.0.1 db.example.org db\nfallthrough\nno_reverse");
        Assert.NotNull(Handle("1.0.0.10.in-addr.arpa", RecordType.PTR).Pending);
    }

    [Fact]
    public void Names_outside_of_its_zones_pass_by()
    {
        Use("10.0.0.1 db.example.org", "/etc/hosts example.org");
        Assert.Equal("SERVFAIL", _lab.Ask("www.example.org", RecordType.A));
        Assert.NotNull(Handle("www.example.com").Pending);
    }

    [Fact]
    public void An_alias_of_the_cluster_may_lead_to_one_of_its_names()
    {
        Use("10.0.0.1 db.example.org\nfallthrough");
        Assert.Equal("NOERROR AA\ndb.example.org. 60 A 10.0.0.1\ndb.prod.svc.cluster.local. 5 CNAME db.example.org.", _lab.Ask("db.prod.svc.cluster.local", RecordType.A));
    }

    [Fact]
    public void An_answer_allocates_nothing()
    {
        Use("10.0.0.1 db.example.org\nfallthrough");
        Assert.Equal(0, _lab.LeastAllocated(DnsLab.Query("db.example.org", RecordType.A)));
    }

    public void Dispose() => _lab.Dispose();

    private void Use(string lines, string arguments = "")
    {
        var reading = Corefile.Read($". {{\nhosts {arguments} {{\nttl 60\n{lines}\n}}\nkubernetes cluster.local\nforward . 192.0.2.1\n}}");
        Assert.Empty(reading.Errors);
        _lab.Use([.. reading.Config!.Blocks]);
    }

    private Handled Handle(string name, RecordType type = RecordType.A) =>
        _lab.Handler.Handle(DnsLab.Query(name, type), DnsLab.Client, new byte[DnsHandler.MaxReply], tcp: true);
}
