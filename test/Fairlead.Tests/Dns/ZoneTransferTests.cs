using System.Buffers.Binary;
using Fairlead.Cluster.Model;
using Fairlead.Dns.Config;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Dns;

/// <summary>Whole zones, to those who may have them (RFC 5936, RFC 1995, CoreDNS's plugin <c>transfer</c>).</summary>
public sealed class ZoneTransferTests : IDisposable
{
    private const uint Serial = 1_700_000_000;
    private const string Soa = "cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 5";
    private readonly DnsLab _lab = new();

    public ZoneTransferTests()
    {
        _lab.Namespace("prod")
            .Service("prod/api", "10.96.1.1,fd00::1", DnsLab.Port("http", IpProtocol.Tcp, 80), DnsLab.Port("", IpProtocol.Udp, 90))
            .Slice("prod/api", "api-1", "10.244.1.7=web 10.244.1.8 10.244.1.9!", new EndpointPort("http", IpProtocol.Tcp, 8080))
            .Service("prod/db", "None")
            .Slice("prod/db", "db-4", "10.244.1.1=db-0 10.244.1.2", new EndpointPort("pg", IpProtocol.Tcp, 5432))
            .Slice("prod/db", "db-6", "fd01::2=db-0", new EndpointPort("pg", IpProtocol.Tcp, 5432))
            .Service("prod/empty", "None")
            .External("prod/away", "www.example.com")
            .Pod("prod/p", "10.244.1.1");
        Use("transfer {\n to 10.244.0.0/24 192.0.2.1\n}");
    }

    [Fact]
    public void A_zone_is_all_that_the_plain_queries_give_between_two_SOA()
    {
        var messages = Transfer("cluster.local");
        Assert.Equal(
            [
                Soa,
                "10-244-1-2.db.prod.svc.cluster.local. 5 A 10.244.1.2",
                "10-244-1-2.db.prod.svc.cluster.local. 5 SRV 0 100 5432 10-244-1-2.db.prod.svc.cluster.local.",
                "10-244-1-8.api.prod.svc.cluster.local. 5 A 10.244.1.8",
                "10-244-1-8.api.prod.svc.cluster.local. 5 SRV 0 100 8080 10-244-1-8.api.prod.svc.cluster.local.",
                "_http._tcp.api.prod.svc.cluster.local. 5 SRV 0 50 80 api.prod.svc.cluster.local.",
                "_pg._tcp.db.prod.svc.cluster.local. 5 SRV 0 33 5432 10-244-1-2.db.prod.svc.cluster.local.",
                "_pg._tcp.db.prod.svc.cluster.local. 5 SRV 0 33 5432 db-0.db.prod.svc.cluster.local.",
                "api.prod.svc.cluster.local. 5 A 10.96.1.1",
                "api.prod.svc.cluster.local. 5 AAAA fd00::1",
                "api.prod.svc.cluster.local. 5 SRV 0 25 80 api.prod.svc.cluster.local.",
                "api.prod.svc.cluster.local. 5 SRV 0 25 90 api.prod.svc.cluster.local.",
                "away.prod.svc.cluster.local. 5 CNAME www.example.com.",
                "cluster.local. 5 NS ns.dns.cluster.local.",
                "db-0.db.prod.svc.cluster.local. 5 A 10.244.1.1",
                "db-0.db.prod.svc.cluster.local. 5 AAAA fd01::2",
                "db-0.db.prod.svc.cluster.local. 5 SRV 0 50 5432 db-0.db.prod.svc.cluster.local.",
                "db.prod.svc.cluster.local. 5 A 10.244.1.1",
                "db.prod.svc.cluster.local. 5 A 10.244.1.2",
                "db.prod.svc.cluster.local. 5 AAAA fd01::2",
                "db.prod.svc.cluster.local. 5 SRV 0 33 5432 10-244-1-2.db.prod.svc.cluster.local.",
                "db.prod.svc.cluster.local. 5 SRV 0 33 5432 db-0.db.prod.svc.cluster.local.",
                "dns-version.cluster.local. 28800 TXT \"1.1.0\"",
                "ns.dns.cluster.local. 5 A 10.96.0.10",
                "web.api.prod.svc.cluster.local. 5 A 10.244.1.7",
                "web.api.prod.svc.cluster.local. 5 SRV 0 100 8080 web.api.prod.svc.cluster.local.",
                Soa,
            ],
            InOrder(Records(messages)));
        Assert.Equal((0x8500, 0), (BinaryPrimitives.ReadUInt16BigEndian(messages[0].AsSpan(2)), messages[0][9]));
    }

    [Theory]
    [InlineData("cluster.local")]
    [InlineData("10.in-addr.arpa")]
    [InlineData("ip6.arpa")]
    public void Every_set_of_records_is_that_of_its_query(string zone)
    {
        var records = Records(Transfer(zone));
        var sets = records[..^1].GroupBy(record => (Name: record.Split(' ')[0], Type: record.Split(' ')[2])).ToList();
        Assert.True(sets.Count > 4);
        Assert.All(sets, set =>
        {
            var lines = _lab.Ask(set.Key.Name, Enum.Parse<RecordType>(set.Key.Type)).Split('\n');
            Assert.Equal("NOERROR AA", lines[0]);
            Assert.Equal(set.Order(StringComparer.Ordinal), lines.Skip(1).Where(line => !line.StartsWith('+')));
        });
    }

    [Fact]
    public void A_zone_of_the_clusterset_is_all_that_is_imported()
    {
        _lab.Use([.. Corefile.Read(".:53 {\nkubernetes cluster.local clusterset.local {\nmulticluster clusterset.local\n}\ntransfer {\n to *\n}\n}").Config!.Blocks]);
        Assert.Equal("SERVFAIL", DnsLab.Text(Assert.Single(Messages(DnsLab.Query("clusterset.local", RecordType.AXFR)))));
        _lab.Import("prod/far", "10.96.9.9", DnsLab.Port("http", IpProtocol.Tcp, 80))
            .ImportedSlice("prod/far", "far-1", "east", "10.245.0.1=web", new EndpointPort("http", IpProtocol.Tcp, 8080))
            .Import("prod/db", "None")
            .ImportedSlice("prod/db", "east-1", "east", "10.245.0.2=db-0", new EndpointPort("pg", IpProtocol.Tcp, 5432))
            .ImportedSlice("prod/db", "west-1", "west", "10.246.0.2=db-0 10.246.0.3!", new EndpointPort("pg", IpProtocol.Tcp, 5432))
            .Sync();
        var whole = InOrder(Records(Transfer("clusterset.local")));
        Assert.Equal(
            [
                "_http._tcp.far.prod.svc.clusterset.local. 5 SRV 0 100 80 far.prod.svc.clusterset.local.",
                "_pg._tcp.db.prod.svc.clusterset.local. 5 SRV 0 50 5432 db-0.east.db.prod.svc.clusterset.local.",
                "_pg._tcp.db.prod.svc.clusterset.local. 5 SRV 0 50 5432 db-0.west.db.prod.svc.clusterset.local.",
                "clusterset.local. 5 NS ns.dns.clusterset.local.",
                "db-0.east.db.prod.svc.clusterset.local. 5 A 10.245.0.2",
                "db-0.east.db.prod.svc.clusterset.local. 5 SRV 0 100 5432 db-0.east.db.prod.svc.clusterset.local.",
                "db-0.west.db.prod.svc.clusterset.local. 5 A 10.246.0.2",
                "db-0.west.db.prod.svc.clusterset.local. 5 SRV 0 100 5432 db-0.west.db.prod.svc.clusterset.local.",
                "db.prod.svc.clusterset.local. 5 A 10.245.0.2",
                "db.prod.svc.clusterset.local. 5 A 10.246.0.2",
                "db.prod.svc.clusterset.local. 5 SRV 0 50 5432 db-0.east.db.prod.svc.clusterset.local.",
                "db.prod.svc.clusterset.local. 5 SRV 0 50 5432 db-0.west.db.prod.svc.clusterset.local.",
                "dns-version.clusterset.local. 28800 TXT \"1.1.0\"",
                "far.prod.svc.clusterset.local. 5 A 10.96.9.9",
                "far.prod.svc.clusterset.local. 5 SRV 0 100 80 far.prod.svc.clusterset.local.",
                "ns.dns.clusterset.local. 5 A 10.96.0.10",
            ],
            whole[1..^1]);
        Assert.Contains(Records(Transfer("cluster.local")), record => record.StartsWith("api.prod.svc.cluster.local. 5 A ", StringComparison.Ordinal));

        // Its serial is its own.
        _lab.Import("prod/far", "10.96.9.10");
        Assert.Contains("1700000001 ", _lab.Ask("clusterset.local", RecordType.SOA), StringComparison.Ordinal);
        Assert.Contains("1700000000 ", _lab.Ask("cluster.local", RecordType.SOA), StringComparison.Ordinal);
    }

    [Fact]
    public void A_reverse_zone_has_the_names_of_its_own_addresses()
    {
        Assert.Equal(
            [
                "1.1.244.10.in-addr.arpa. 5 PTR db-0.db.prod.svc.cluster.local.",
                "1.1.96.10.in-addr.arpa. 5 PTR api.prod.svc.cluster.local.",
                "10.in-addr.arpa. 5 NS ns.dns.10.in-addr.arpa.",
                "2.1.244.10.in-addr.arpa. 5 PTR 10-244-1-2.db.prod.svc.cluster.local.",
                "7.1.244.10.in-addr.arpa. 5 PTR web.api.prod.svc.cluster.local.",
                "8.1.244.10.in-addr.arpa. 5 PTR 10-244-1-8.api.prod.svc.cluster.local.",
                "ns.dns.10.in-addr.arpa. 5 A 10.96.0.10",
            ],
            InOrder(Records(Transfer("10.in-addr.arpa")))[1..^1]);
        Assert.Contains(
            "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.d.f.IP6.arpa. 5 PTR db-0.db.prod.svc.cluster.local.", Records(Transfer("IP6.arpa")));
    }

    [Theory]
    [InlineData("10.244.0.7", "cluster.local", "AXFR", true, "")]
    [InlineData("10.244.1.7", "cluster.local", "AXFR", true, "REFUSED")]
    [InlineData("192.0.2.1", "cluster.local", "AXFR", true, "")]
    [InlineData("192.0.2.2", "cluster.local", "IXFR", true, "REFUSED")]
    [InlineData("fd00::7", "cluster.local", "AXFR", true, "REFUSED")]
    [InlineData("10.244.0.7", "cluster.local", "AXFR", false, "REFUSED")]
    [InlineData("10.244.0.7", "svc.cluster.local", "AXFR", true, "REFUSED")]
    [InlineData("10.244.0.7", "local", "AXFR", true, "REFUSED")]
    [InlineData("10.244.0.7", "example.com", "AXFR", true, "REFUSED")]
    [InlineData("10.244.0.7", "168.192.in-addr.arpa", "AXFR", true, "REFUSED")]
    public void Who_asks_for_what_is_looked_at(string client, string zone, string type, bool tcp, string expected)
    {
        var reply = new byte[DnsHandler.MaxReply];
        var handled = _lab.Handler.Handle(DnsLab.Query(zone, Enum.Parse<RecordType>(type)), IpAddr.Parse(client), reply, tcp);
        Assert.Equal(expected, handled.Transfer is null ? DnsLab.Text(reply[..handled.Length]) : "");
    }

    [Theory]
    [InlineData("transfer example.net example.org {\n to *\n}", "REFUSED")]
    [InlineData("transfer local {\n to *\n}\ntransfer cluster.local {\n to 10.0.0.1\n}", "REFUSED")]
    [InlineData("transfer cluster.local {\n to *\n}\ntransfer local {\n to 10.0.0.1\n}", "")]
    [InlineData("transfer local {\n to 10.0.0.1 10.244.0.7\n}", "")]
    [InlineData("transfer cluster.local {\n to 10.0.0.1\n to 10.0.0.2:1053 10.244.0.7:1053\n}", "")]
    public void The_longest_zone_of_the_plugin_decides(string plugin, string expected)
    {
        Use(plugin);
        var reply = new byte[DnsHandler.MaxReply];
        var handled = _lab.Handler.Handle(DnsLab.Query("cluster.local", RecordType.AXFR), DnsLab.Client, reply, tcp: true);
        Assert.Equal(expected, handled.Transfer is null ? DnsLab.Text(reply[..handled.Length]) : "");
    }

    [Theory]
    [InlineData(Serial - 1, true, 27)]
    [InlineData(Serial, true, 1)]
    [InlineData(Serial + 1, true, 1)]
    [InlineData(Serial + 0x7FFFFFFF, true, 1)]
    [InlineData(Serial + 0x80000001, true, 27)]
    [InlineData(Serial - 1, false, 1)]
    public void What_changed_is_answered_by_the_whole_zone_and_nothing_changed_by_the_SOA(uint held, bool tcp, int records)
    {
        var query = Incremental("cluster.local", held);
        var answer = tcp ? Records(Messages(query)) : [.. DnsLab.Text(_lab.Reply(query, tcp: false)).Split('\n').Skip(1)];
        Assert.Equal(records, answer.Count);
        Assert.Equal((Soa, Soa), (answer[0], answer[^1]));
    }

    [Fact]
    public void An_incremental_request_that_does_not_say_what_it_holds_is_malformed() =>
        Assert.Equal("FORMERR", DnsLab.Text(Assert.Single(Messages(DnsLab.Query("cluster.local", RecordType.IXFR)))));

    [Fact]
    public void Requests_with_mutated_bytes_get_an_answer_or_none()
    {
        var (random, codes, reply) = (new Random(7), new HashSet<string>(), new byte[DnsHandler.MaxReply]);
        var whole = Incremental("cluster.local", Serial - 1);
        for (var i = 0; i < 20_000; i++)
        {
            var packet = whole.AsSpan(0, random.Next(2) == 0 ? whole.Length : random.Next(whole.Length)).ToArray();
            for (var flips = random.Next(3); flips > 0 && packet.Length > 0; flips--)
            {
                packet[random.Next(packet.Length)] = (byte)random.Next(256);
            }

            var handled = _lab.Handler.Handle(packet, DnsLab.Client, reply, tcp: i % 2 == 0);
            if (handled.Transfer is { } transfer)
            {
                Assert.InRange(transfer.Next(reply), 1, ZoneTransfer.MaxMessage);
                _lab.Handler.Finish(transfer);
            }

            codes.Add(handled.Transfer is not null ? "zone" : handled.Length > 0 ? DnsLab.Text(reply[..handled.Length]).Split('\n', ' ')[0] : "nothing");
        }

        Assert.Superset(new HashSet<string> { "zone", "nothing", "NOERROR", "FORMERR", "REFUSED", "NOTIMP" }, codes);
    }

    [Fact]
    public void A_change_within_the_second_of_a_transfer_has_a_serial_of_its_own()
    {
        Assert.Single(Records(Messages(Incremental("cluster.local", Serial))));
        Assert.Equal(27, Records(Transfer("cluster.local")).Count);
        _lab.Service("prod/late", "10.96.1.9");
        var answer = Records(Messages(Incremental("cluster.local", Serial)));
        Assert.Equal(28, answer.Count);
        Assert.Contains("1700000001 ", answer[0], StringComparison.Ordinal);
        _lab.Service("prod/later", "10.96.1.10");
        Assert.Contains("1700000002 ", _lab.Ask("cluster.local", RecordType.SOA), StringComparison.Ordinal);
    }

    [Fact]
    public void A_large_zone_comes_in_messages_of_sixteen_kilobytes_as_it_was_when_asked_for()
    {
        const int Services = 500;
        for (var i = 0; i < Services; i++)
        {
            _lab.Service($"prod/s{i}", $"10.97.{i / 256}.{i % 256}", DnsLab.Port("http", IpProtocol.Tcp, 80))
                .Slice($"prod/s{i}", $"s{i}", $"10.98.{i / 256}.{i % 256} 10.99.{i / 256}.{i % 256}", new EndpointPort("http", IpProtocol.Tcp, 8080));
        }

        var messages = Transfer("cluster.local", meanwhile: () => _lab.Service("prod/late", "10.96.1.9").Reply(DnsLab.Query("cluster.local", RecordType.SOA)));
        Assert.InRange(messages.Count, 5, 20);
        Assert.All(messages, message => Assert.InRange(message.Length, 1, ZoneTransfer.MaxMessage));
        Assert.All(messages.SkipLast(1), message => Assert.InRange(message.Length, ZoneTransfer.MaxMessage - 300, ZoneTransfer.MaxMessage));
        var records = Records(messages);
        Assert.Equal(27 + (Services * 7), records.Count);
        Assert.Equal((Soa, Soa), (records[0], records[^1]));
        Assert.DoesNotContain(records, record => record.StartsWith("late.", StringComparison.Ordinal));
        Assert.Contains(Records(Transfer("cluster.local")), record => record.StartsWith("late.", StringComparison.Ordinal));
    }

    [Fact]
    public void Names_too_long_to_be_asked_for_are_left_out()
    {
        var ns = new string('n', 63);
        var service = new string('s', 63);
        Use("transfer {\n to *\n}", new string('a', 60) + "." + new string('b', 39));
        _lab.Namespace(ns).Service($"{ns}/{service}", "10.96.1.3").Slice($"{ns}/{service}", "x", $"10.244.2.1={new string('e', 63)}");
        var zone = $"{new string('a', 60)}.{new string('b', 39)}";
        var records = Records(Transfer(zone));
        Assert.Contains($"{service}.{ns}.svc.{zone}. 5 A 10.96.1.3", records);
        Assert.DoesNotContain(records, record => record.Contains("10.244.2.1", StringComparison.Ordinal));
    }

    [Fact]
    public void Ten_zones_are_on_their_way_at_once_and_more_are_told_to_come_again()
    {
        var query = DnsLab.Query("cluster.local", RecordType.AXFR);
        var reply = new byte[DnsHandler.MaxReply];
        var transfers = Enumerable.Range(0, ZoneTransfers.Most).Select(_ => _lab.Handler.Handle(query, DnsLab.Client, reply, tcp: true).Transfer!).ToList();
        Assert.Equal("SERVFAIL", DnsLab.Text(reply[.._lab.Handler.Handle(query, DnsLab.Client, reply, tcp: true).Length]));
        _lab.Handler.Finish(transfers[3]);
        Assert.NotNull(_lab.Handler.Handle(query, DnsLab.Client, reply, tcp: true).Transfer);
    }

    [Fact]
    public void Until_the_tables_have_listed_there_is_no_zone()
    {
        using var lab = new DnsLab(synced: false);
        lab.Use(Block("transfer {\n to *\n}"));
        Assert.Equal("SERVFAIL", lab.Ask("cluster.local", RecordType.AXFR));
    }

    [Fact]
    public void A_transfer_is_one_query_and_one_answer_of_its_whole_size()
    {
        var size = Transfer("cluster.local").Sum(message => message.Length);
        var zone = _lab.Counters.Zones[""];
        Assert.Equal(1, zone.Responses(Fairlead.Dns.Metrics.DnsPlugin.Transfer, 0));
        Assert.Equal((1, size), (_lab.Counters.Replies(0), zone.SizeSum(ofReplies: true, tcp: true)));
    }

    public void Dispose() => _lab.Dispose();

    private static ServerBlock Block(string plugin, string zone = "cluster.local")
    {
        var reading = Corefile.Read($".:53 {{\nkubernetes {zone} 10.in-addr.arpa ip6.arpa\n{plugin}\n}}");
        Assert.Empty(reading.Errors);
        return Assert.Single(reading.Config!.Blocks);
    }

    private static byte[] Incremental(string zone, uint held)
    {
        var number = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(number, held);
        byte[] soa = [0xC0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0, .. number, .. new byte[16]];
        var query = DnsLab.Query(zone, RecordType.IXFR);
        query[9] = 1;
        return [.. query, .. soa];
    }

    // The first and the last stay where they are.
    private static List<string> InOrder(List<string> records) => [records[0], .. records[1..^1].Order(StringComparer.Ordinal), records[^1]];

    private static List<string> Records(IEnumerable<byte[]> messages) =>
        [.. messages.SelectMany(message => MessageText.Records(message, Section.Answer))];

    private void Use(string plugin, string zone = "cluster.local") => _lab.Use(Block(plugin, zone));

    private List<byte[]> Transfer(string zone, Action? meanwhile = null)
    {
        var messages = Messages(DnsLab.Query(zone, RecordType.AXFR), meanwhile);
        Assert.All(messages, message => Assert.Equal((0, 0), (message[3] & 15, message[2] & 2)));
        return messages;
    }

    private List<byte[]> Messages(byte[] query, Action? meanwhile = null)
    {
        _lab.Reply(DnsLab.Query("version.bind", RecordType.A, @class: 3), tcp: false);
        var reply = new byte[DnsHandler.MaxReply];
        var handled = _lab.Handler.Handle(query, DnsLab.Client, reply, tcp: true);
        if (handled.Transfer is not { } transfer)
        {
            return [reply[..handled.Length]];
        }

        meanwhile?.Invoke();
        var messages = new List<byte[]>();
        while (transfer.Next(reply) is > 0 and var length)
        {
            messages.Add(reply[..length]);
        }

        _lab.Handler.Finish(transfer);
        return messages;
    }
}
