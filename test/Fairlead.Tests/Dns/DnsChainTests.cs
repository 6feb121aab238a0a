using System.Net;
using Fairlead.Dns.Config;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Dns;

/// <summary>Which block and which plugin of it a query comes to.</summary>
public sealed class DnsChainTests : IDisposable
{
    private readonly DnsLab _lab = new DnsLab()
        .Namespace("prod")
        .Service("prod/api", "10.96.1.1", DnsLab.Port("http", IpProtocol.Tcp, 80))
        .External("prod/outside", "www.Acme.local");

    [Theory]
    [InlineData("www.acme.local", "192.0.2.2")]
    [InlineData("WWW.ACME.LOCAL", "192.0.2.2")]
    [InlineData("acme.local", "192.0.2.2")]
    [InlineData("www.deep.acme.local", "192.0.2.3")]
    [InlineData("xacme.local", "192.0.2.1")]
    [InlineData("local", "192.0.2.1")]
    [InlineData("outside.prod.svc.cluster.local", "192.0.2.2")]
    [InlineData("4.3.2.10.in-addr.arpa", "192.0.2.4")]
    public void A_query_belongs_to_the_block_of_the_longest_zone(string name, string upstream)
    {
        _lab.Use(Root("192.0.2.1"), Stub("192.0.2.2", "acme.local"), Stub("192.0.2.3", "deep.acme.local"), Stub("192.0.2.4", "10.in-addr.arpa"));
        Assert.Equal(upstream, UpstreamOf(name));
    }

    [Fact]
    public void A_name_of_no_block_is_refused()
    {
        _lab.Use(Stub("192.0.2.2", "acme.local", "other.test"));
        Assert.Equal("REFUSED", _lab.Ask("www.example.com", RecordType.A));
        Assert.Equal("192.0.2.2", UpstreamOf("www.other.test"));
    }

    [Fact]
    public void A_name_that_nobody_in_its_block_knows_fails()
    {
        _lab.Use(Root("192.0.2.1") with { Forwards = [] });
        Assert.Equal("SERVFAIL", _lab.Ask("www.example.com", RecordType.A));
        Assert.Equal("SERVFAIL", _lab.Ask("outside.prod.svc.cluster.local", RecordType.A));
    }

    [Fact]
    public void Only_what_does_not_exist_falls_through_and_only_in_the_zones_named()
    {
        _lab.Use(Root("192.0.2.1", "prod.svc.cluster.local"));
        Assert.Equal("192.0.2.1", UpstreamOf("nobody.prod.svc.cluster.local"));
        Assert.StartsWith("NOERROR AA", _lab.Ask("api.prod.svc.cluster.local", RecordType.AAAA), StringComparison.Ordinal);
        Assert.StartsWith("NXDOMAIN AA", _lab.Ask("nobody.other.svc.cluster.local", RecordType.A), StringComparison.Ordinal);
    }

    [Fact]
    public void Reverse_names_fall_through_when_told_so_and_are_denied_otherwise()
    {
        _lab.Use(Root("192.0.2.1"));
        Assert.StartsWith("NXDOMAIN AA", _lab.Ask("9.9.96.10.in-addr.arpa", RecordType.PTR), StringComparison.Ordinal);
        Assert.StartsWith("NXDOMAIN AA", _lab.Ask("9.9.in-addr.arpa", RecordType.PTR), StringComparison.Ordinal);
        _lab.Use(Root("192.0.2.1", "in-addr.arpa"));
        Assert.Equal("192.0.2.1", UpstreamOf("9.9.96.10.in-addr.arpa"));
        Assert.Equal("192.0.2.1", UpstreamOf("9.9.in-addr.arpa"));
        Assert.Equal("NOERROR AA\n1.1.96.10.in-addr.arpa. 7 PTR api.prod.svc.cluster.local.", _lab.Ask("1.1.96.10.in-addr.arpa", RecordType.PTR));
    }

    [Fact]
    public void Without_reverse_zones_the_plugin_does_not_answer_reverse_names()
    {
        var root = Root("192.0.2.1");
        _lab.Use(root with { Kubernetes = root.Kubernetes! with { Zones = ["cluster.local"] } });
        Assert.Equal("192.0.2.1", UpstreamOf("1.1.96.10.in-addr.arpa"));
    }

    [Fact]
    public void Each_zone_of_a_cluster_has_the_same_names_under_its_own()
    {
        var root = Root("192.0.2.1");
        _lab.Use(root with { Kubernetes = root.Kubernetes! with { Zones = ["cluster.local", "in-addr.arpa", "other.test"] } });
        Assert.Equal("NOERROR AA\napi.prod.svc.cluster.local. 7 A 10.96.1.1", _lab.Ask("api.prod.svc.cluster.local", RecordType.A));
        Assert.Equal("NOERROR AA\napi.prod.svc.other.test. 7 A 10.96.1.1", _lab.Ask("api.prod.svc.other.test", RecordType.A));
        Assert.Contains("api.prod.svc.cluster.local.", _lab.Ask("1.1.96.10.in-addr.arpa", RecordType.PTR), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_several_forwards_the_first_whose_zone_fits_asks_but_for_its_exceptions()
    {
        var root = Root("192.0.2.1");
        _lab.Use(root with
        {
            Forwards = [To("192.0.2.5") with { From = "example.com", Except = ["not.example.com"] }, .. root.Forwards],
        });
        Assert.Equal("192.0.2.5", UpstreamOf("www.example.com"));
        Assert.Equal("192.0.2.1", UpstreamOf("www.not.example.com"));
        Assert.Equal("192.0.2.1", UpstreamOf("example.org"));
    }

    [Fact]
    public void Any_is_answered_with_one_record_in_a_block_that_says_so()
    {
        _lab.Use(Root("192.0.2.1") with { MinimizesAny = true });
        Assert.Equal("NOERROR\nwww.example.com. 8482 HINFO \"ANY obsoleted\"", _lab.Ask("www.example.com", RecordType.ANY));
    }

    [Fact]
    public void A_template_answers_a_type_or_a_zone_with_a_code_before_all_others()
    {
        var reading = Corefile.Read("""
            . {
                template ANY AAAA {
                    rcode NOERROR
                }
                template IN ANY corp.test {
                    rcode NXDOMAIN
                }
                kubernetes cluster.local
                forward . 192.0.2.1
            }
            """);
        Assert.Empty(reading.Errors);
        _lab.Use([.. reading.Config!.Blocks]);
        Assert.Equal("NOERROR AA", _lab.Ask("www.example.com", RecordType.AAAA));
        Assert.Equal("NOERROR AA", _lab.Ask("nobody.prod.svc.cluster.local", RecordType.AAAA));
        Assert.Equal("NXDOMAIN AA", _lab.Ask("www.corp.test", RecordType.TXT));
        Assert.Equal("192.0.2.1", UpstreamOf("www.example.com"));
        Assert.StartsWith("NOERROR AA\napi.", _lab.Ask("api.prod.svc.cluster.local", RecordType.A), StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_of_the_cluster_allocates_nothing_beside_other_zones_either()
    {
        _lab.Use(Root("192.0.2.1"), Stub("192.0.2.2", "acme.local", "10.in-addr.arpa"));
        Assert.Equal(0, _lab.LeastAllocated(DnsLab.Query("api.prod.svc.cluster.local", RecordType.A)));
    }

    [Fact]
    public void A_block_bounds_its_answers_by_udp()
    {
        _lab.Slice("prod/api", "api-1", string.Join(' ', Enumerable.Range(1, 60).Select(i => $"10.244.0.{i}")));
        _lab.Put(new Fairlead.Cluster.Model.ServiceRow { Key = DnsLab.Key("prod/api"), IsHeadless = true });
        byte[] opt = [0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0];
        var query = DnsLab.Query("api.prod.svc.cluster.local", RecordType.A, after: opt);
        _lab.Use(Root("192.0.2.1"));
        Assert.False(IsTruncated(_lab.Reply(query, tcp: false)));
        _lab.Use(Root("192.0.2.1") with { UdpSize = 512 });
        Assert.True(IsTruncated(_lab.Reply(query, tcp: false)));
    }

    [Fact]
    public void A_waiting_query_keeps_its_chain_and_an_unchanged_forward_its_cache_when_the_configuration_changes()
    {
        _lab.Use(Root("192.0.2.1"), Stub("192.0.2.2", "acme.local"));
        var before = Handle("www.acme.local").Pending!;
        _lab.Use(Root("192.0.2.9"), Stub("192.0.2.2", "acme.local"));
        var after = Handle("www.acme.local").Pending!;
        Assert.NotSame(before.Chain, after.Chain);
        Assert.Same(before.Forwarder, after.Forwarder);
        Assert.Equal("192.0.2.9", UpstreamOf("www.example.com"));
    }

    public void Dispose() => _lab.Dispose();

    private static ForwardOptions To(string address) => new() { To = [new ForwardTarget(new IPEndPoint(IPAddress.Parse(address), 53), "", false)] };

    private static ServerBlock Root(string upstream, params string[] fallthrough) => new()
    {
        Zones = [""],
        Kubernetes = new KubernetesOptions { Zones = ["cluster.local", "in-addr.arpa"], Ttl = 7, Fallthrough = [.. fallthrough] },
        Forwards = [To(upstream)],
    };

    private static ServerBlock Stub(string upstream, params string[] zones) => new() { Zones = [.. zones], Forwards = [To(upstream)] };

    private static bool IsTruncated(byte[] reply) => (reply[2] & 2) != 0;

    private Handled Handle(string name) =>
        _lab.Handler.Handle(DnsLab.Query(name, RecordType.A), DnsLab.Client, new byte[DnsHandler.MaxReply], tcp: true);

    private string UpstreamOf(string name)
    {
        _lab.Sync();
        var handled = Handle(name);
        Assert.Equal(0, handled.Length);
        return Assert.Single(_lab.Asked(handled.Pending!.Forwarder)).Address.ToString();
    }
}
