using System.Diagnostics;
using CsCheck;
using Fairlead.Cluster.Model;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Dns;

public sealed class WireTests : IDisposable
{
    private static readonly byte[] Opt = [0, 0, 41, 0x10, 0, 0, 0, 0x80, 0, 0, 0];
    private readonly DnsLab _lab = new DnsLab()
        .Namespace("prod")
        .Service("prod/api", "10.96.1.1,fd00::1", DnsLab.Port("http", IpProtocol.Tcp, 80))
        .Service("prod/many", "None")
        .Slice("prod/many", "many", string.Join(' ', Enumerable.Range(1, 100).Select(i => $"10.244.1.{i}")), new EndpointPort("http", IpProtocol.Tcp, 80))
        .External("prod/inside", "api.prod.svc.cluster.local");

    [Fact]
    public void The_question_comes_back_in_the_case_it_was_asked_in()
    {
        var query = DnsLab.Query("aPi.PROD.svc.Cluster.LOCAL", RecordType.A);
        var reply = _lab.Reply(query);
        Assert.Equal(query[12..], reply[12..query.Length]);
        Assert.Equal("NOERROR AA\naPi.PROD.svc.Cluster.LOCAL. 5 A 10.96.1.1", DnsLab.Text(reply));
    }

    [Fact]
    public void Edns_is_answered_with_our_size_and_the_clients_DO()
    {
        var text = DnsLab.Text(_lab.Reply(DnsLab.Query("api.prod.svc.cluster.local", RecordType.A, after: Opt)));
        Assert.EndsWith("++ OPT size 1232 flags 00008000", text, StringComparison.Ordinal);
        Assert.DoesNotContain("OPT", _lab.Ask("api.prod.svc.cluster.local", RecordType.A), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_edns_version_is_BADVERS()
    {
        byte[] opt = [.. Opt];
        opt[6] = 1;
        Assert.Equal("NOERROR\n++ OPT size 1232 flags 01008000", DnsLab.Text(_lab.Reply(DnsLab.Query("api.prod.svc.cluster.local", RecordType.A, after: opt))));
    }

    [Fact]
    public void What_is_too_long_for_udp_is_cut_and_says_so()
    {
        var reply = _lab.Reply(DnsLab.Query("many.prod.svc.cluster.local", RecordType.A), tcp: false);
        Assert.InRange(reply.Length, 480, 512);
        Assert.StartsWith("NOERROR AA TC\n", DnsLab.Text(reply), StringComparison.Ordinal);
        var edns = _lab.Reply(DnsLab.Query("many.prod.svc.cluster.local", RecordType.A, after: Opt), tcp: false);
        Assert.InRange(edns.Length, 1200, 1232);
        var whole = DnsLab.Text(_lab.Reply(DnsLab.Query("many.prod.svc.cluster.local", RecordType.A)));
        Assert.Equal(101, whole.Split('\n').Length);
        Assert.StartsWith("NOERROR AA\n", whole, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_endpoint_is_first_at_some_time()
    {
        var query = DnsLab.Query("many.prod.svc.cluster.local", RecordType.A);
        var firsts = Enumerable.Range(0, 2000).Select(_ => _lab.Reply(query)[query.Length + 15]).ToHashSet();
        Assert.True(firsts.Count > 90, $"{firsts.Count} of 100 were ever first");
    }

    [Theory]
    [InlineData(2, 0x81, null)] // a response
    [InlineData(2, 0x29, "NOTIMP")] // opcode UPDATE
    [InlineData(5, 0, "SERVFAIL")] // no question
    [InlineData(5, 2, "FORMERR")] // two questions
    [InlineData(7, 1, "FORMERR")] // an answer that is not there
    [InlineData(12, 0xC0, "FORMERR")] // a pointer to itself
    [InlineData(12, 0x43, "FORMERR")] // a reserved label type
    [InlineData(12, 0x3F, "FORMERR")] // a label beyond the end
    public void What_is_no_query_is_refused_or_dropped(int at, byte value, string? expected)
    {
        var query = DnsLab.Query("api.prod.svc.cluster.local", RecordType.A);
        query[at] = value;
        var reply = _lab.Reply(query);
        Assert.Equal(expected, reply.Length == 0 ? null : DnsLab.Text(reply));
    }

    [Fact]
    public void Another_class_is_refused() =>
        Assert.Equal("REFUSED", DnsLab.Text(_lab.Reply(DnsLab.Query("version.bind", RecordType.TXT, @class: 3))));

    [Fact]
    public void Mutated_queries_never_throw_and_replies_stay_in_bounds() =>
        Gen.Select(Gen.Int[0, 4], Gen.Byte.Array[0, 8], Gen.Int[0, 60].Array[0, 6], Gen.Byte.Array[6], Gen.Bool)
            .Sample((which, tail, places, values, tcp) =>
            {
                string[] names = ["api.prod.svc.cluster.local", "_http._tcp.many.prod.svc.cluster.local", "1.1.96.10.in-addr.arpa", "fd00--1.prod.pod.cluster.local", "inside.prod.svc.cluster.local"];
                byte[] query = [.. DnsLab.Query(names[which], which == 1 ? RecordType.SRV : RecordType.A, after: Opt), .. tail];
                for (var i = 0; i < places.Length; i++)
                {
                    query[places[i] % query.Length] = values[i % values.Length];
                }

                CheckReply(query, tcp);
            });

    [Fact]
    public void Random_packets_never_throw_and_replies_stay_in_bounds() => Gen.Byte.Array[0, 600].Sample(packet => CheckReply(packet, tcp: false));

    [Fact]
    public void A_chain_of_pointers_ends()
    {
        // Each pointer leads two bytes back, down to one label without an end before it.
        var packet = new byte[512];
        for (var i = 14; i < packet.Length; i += 2)
        {
            packet[i] = (byte)(0xC0 | ((i - 2) >> 8));
            packet[i + 1] = (byte)(i - 2);
        }

        (packet[12], packet[13]) = (0xC0, 12);
        Span<byte> name = stackalloc byte[DnsReader.MaxName];
        Assert.False(DnsReader.TryReadNameAt(packet, 510, name, out _, out _));
    }

    [Theory]
    [InlineData("api.prod.svc.cluster.local", 1)]
    [InlineData("api.prod.svc.cluster.local", 28)]
    [InlineData("many.prod.svc.cluster.local", 1)]
    [InlineData("many.prod.svc.cluster.local", 33)]
    [InlineData("nobody.prod.svc.cluster.local", 1)]
    [InlineData("inside.prod.svc.cluster.local", 1)]
    [InlineData("1.1.96.10.in-addr.arpa", 12)]
    [InlineData("fd00--1.prod.pod.cluster.local", 28)]
    public void Names_of_the_cluster_are_answered_without_allocation(string name, int type)
    {
        Assert.Equal(0, _lab.LeastAllocated(DnsLab.Query(name, (RecordType)type, after: Opt)));
    }

    [Fact]
    public void The_rate_of_answers_is_told()
    {
        var query = DnsLab.Query("api.prod.svc.cluster.local", RecordType.A, after: Opt);
        var reply = new byte[DnsQuery.MaxUdp];
        Assert.NotEmpty(_lab.Reply(query));
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 200_000; i++)
        {
            _lab.Handler.Handle(query, DnsLab.Client, reply, tcp: false);
        }

        TestContext.Current.SendDiagnosticMessage("{0:F0} answers/s on one thread", 200_000 / watch.Elapsed.TotalSeconds);
        Assert.Equal(200_001, _lab.Counters.Replies(0));
    }

    public void Dispose() => _lab.Dispose();

    private void CheckReply(byte[] query, bool tcp)
    {
        var reply = new byte[tcp ? DnsHandler.MaxReply : DnsQuery.MaxUdp];
        var handled = _lab.Handler.Handle(query, DnsLab.Client, reply, tcp);
        Assert.InRange(handled.Length, 0, tcp ? reply.Length : DnsQuery.MaxUdp);
        if (handled.Length > 0)
        {
            Assert.NotEmpty(DnsLab.Text(reply[..handled.Length]));
        }
    }
}
