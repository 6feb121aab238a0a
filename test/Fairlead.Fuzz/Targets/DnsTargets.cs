using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Dns.Chain;
using Fairlead.Dns.Config;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;

namespace Fairlead.Fuzz;

/// <summary>Queries of clients and replies of upstreams.</summary>
internal static class DnsTargets
{
    private const ushort Id = 4711;
    private static readonly ForwardQuestion Question = new(DnsName.Encode("www.example.com"), RecordType.A, DnsHeader.RecursionDesiredFlag, false);
    private static readonly byte[] Sent = ForwardMessage.Query(Question, Id);
    private static readonly CacheClass Few = new(16, TimeSpan.FromHours(1), TimeSpan.FromSeconds(5));
    private static readonly IpAddr Client = IpAddr.Parse("10.244.0.7");
    private static readonly DnsHandler Handler = NewHandler();
    private static readonly byte[] Buffer = new byte[DnsHandler.MaxReply];

    public static IEnumerable<FuzzTarget> All { get; } =
    [
        new("dns-query", Query) { Inputs = 10_000_000, AllocationPerByte = 16, MostBytes = 4096, Seeds = Queries },
        new("dns-reply", Reply) { AllocationPerByte = 64, Seeds = () => [Example(), .. Queries()] },
        new("corefile", Config)
        {
            Words =
            [
                ".:53 {\n", "}\n", "import a\n", "(a) {\n", "kubernetes cluster.local in-addr.arpa {\n", "forward . 10.0.0.1 {\n", "cache 30 {\n", "hosts {\n", "ttl 5\n", "10.0.0.0/9", "2001:db8::/30",
                "fallthrough\n", "policy random\n", "health_check 1m5s\n", "prefetch 1 1m 10%\n", "10.0.0.1 db db.example.org\n", "log {\n", "class all\n", "tls://9.9.9.9", "labels a in (b)\n", "\"", "#",
            ],
            Seeds = Configs,
            AllocationPerByte = 16384,
        },
        new("resolv-conf", bytes => HostResolvers.Choose(Text.Of(bytes), Text.Of(bytes)).Count) { Words = ["nameserver ", "127.0.0.53", "fe80::1%eth0", "options "] },
    ];

    // Whatever the text: a configuration that can be put to work, or the reasons why there is none.
    private static object Config(byte[] bytes)
    {
        var reading = Corefile.Read(Text.Of(bytes));
        if (reading.Config is null == (reading.Errors.Count == 0))
        {
            throw new InvalidOperationException($"{reading.Errors.Count} errors, but the configuration is {reading.Config}");
        }

        if (reading.Config is { } config)
        {
            var counters = new DnsCounters();
            using var indexes = new ZoneIndexes(new ClusterTables(), new DnsOptions(), TimeProvider.System);
            using var builder = new ChainBuilder(
                indexes, (forward, cache) => new Forwarder(forward, cache, () => [], TimeProvider.System, counters));
            builder.Build(config);
        }

        return (reading.Config?.Blocks.Count, string.Join('|', reading.Errors.Take(3).Select(error => string.Concat(error.Where(char.IsAsciiLetter).Take(60)))), reading.Warnings.Count);
    }

    private static IEnumerable<byte[]> Configs()
    {
        yield return """
            (up) {
                forward . /etc/resolv.conf 10.0.0.1:53 tls://9.9.9.9 {
                    max_concurrent 1000
                    except example.org
                }
            }
            .:53 {
                errors
                kubernetes cluster.local in-addr.arpa ip6.arpa {
                    pods insecure
                    fallthrough in-addr.arpa ip6.arpa
                    ttl 30
                    labels app in (a, b)
                }
                hosts {
                    10.0.0.1 db.example.org "db"
                    ttl 60
                    fallthrough
                }
                autopath @kubernetes
                transfer {
                    to *
                }
                cache 30 {
                    success 100 30 1
                    disable denial cluster.local
                    serve_stale 1h immediate
                }
                import up
                loadbalance round_robin # as they come
            }
            10.0.0.0/9, example.org:5353 {
                log {
                    class denial error
                }
            }
            """u8.ToArray();
    }

    private static object Query(byte[] packet)
    {
        var tcp = packet.Length % 2 == 0;
        var room = tcp ? Buffer.Length : DnsQuery.MaxUdp;
        var handled = Handler.Handle(packet, Client, Buffer.AsSpan(0, room), tcp);
        if (handled.Length > 0)
        {
            CheckWhole(Buffer.AsSpan(0, handled.Length), mayBeTruncated: !tcp);
        }

        return (handled.Pending is not null, handled.Length > 0 ? Buffer[3] & 15 : -1, packet.Length > 3 ? Buffer[7] : 0);
    }

    private static string Reply(byte[] reply)
    {
        if (ForwardMessage.Match(Sent, reply) == ReplyMatch.None || ForwardMessage.RefusesEdns(reply))
        {
            return "no reply";
        }

        DnsHeader.TryRead(reply, out var header);
        if (header.IsTruncated)
        {
            return "truncated";
        }

        if (Bailiwick.Cleaned(ForwardMessage.WithoutOpt(reply, Question.Name.Length + 4), Question) is not { } packet)
        {
            return "foreign";
        }

        var cache = new ForwardCache(new CacheOptions { Success = Few, Denial = Few }, TimeProvider.System);
        cache.Store(Question, packet);
        var kept = cache.Find(Question).Packet;
        DnsQuery.TryRead(Sent, out var query);
        foreach (var limit in new[] { DnsQuery.MinUdp, DnsQuery.MaxUdp, Buffer.Length })
        {
            CheckWhole(Buffer.AsSpan(0, ForwardedReply.Write(query, kept ?? packet, Buffer, limit)), mayBeTruncated: true);
        }

        Span<ushort> names = stackalloc ushort[DnsWriter.NameTable];
        foreach (var type in new[] { RecordType.A, RecordType.MX, RecordType.SRV, RecordType.TXT })
        {
            var writer = new DnsWriter(query, Buffer, DnsQuery.MaxUdp, names);
            ForwardedReply.AppendChain(packet, type, ref writer);
            CheckWhole(Buffer.AsSpan(0, writer.Finish()), mayBeTruncated: true);
        }

        return $"{header.Code} {header.Records} {kept is null}";
    }

    // What we send is well-formed to its last byte, whatever we were sent.
    private static void CheckWhole(ReadOnlySpan<byte> packet, bool mayBeTruncated)
    {
        var reader = new DnsReader(packet);
        var ok = DnsHeader.TryRead(packet, out var header) && header.IsResponse && (mayBeTruncated || !header.IsTruncated);
        for (var i = 0; i < header.Questions; i++)
        {
            ok &= reader.TrySkipName() && reader.TryReadTypeAndClass(out _, out _);
        }

        for (var i = 0; i < header.Records; i++)
        {
            ok &= reader.TryReadRecord(out _);
        }

        if (!ok || reader.Position != packet.Length)
        {
            throw new InvalidOperationException($"a malformed reply: {Convert.ToHexString(packet)}");
        }
    }

    private static IEnumerable<byte[]> Queries()
    {
        byte[] opt = [0, 0, 41, 0x10, 0, 0, 0, 0x80, 0, 0, 0];
        foreach (var name in new[] { "api.prod.svc.cluster.local", "_http._tcp.many.prod.svc.cluster.local", "1.1.96.10.in-addr.arpa", "10-0-0-1.prod.pod.cluster.local", "out.prod.svc.cluster.local", "www.example.com" })
        {
            foreach (var type in new[] { RecordType.A, RecordType.AAAA, RecordType.SRV, RecordType.PTR, RecordType.ANY })
            {
                byte[] query = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, .. DnsName.Encode(name), 0, (byte)type, 0, 1, .. opt];
                yield return query;
            }
        }
    }

    private static byte[] Example() =>
    [
        Id >> 8, Id & 255, 0x81, 0x80, 0, 1, 0, 2, 0, 1, 0, 2, .. DnsName.Encode("www.example.com"), 0, 1, 0, 1,
        0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, (byte)'a', 0xC0, 16,
        1, (byte)'a', 0xC0, 16, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1,
        0xC0, 16, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5,
        0xC0, 16, 0, 28, 0, 1, 0, 0, 0, 60, 0, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0,
    ];

    private static DnsHandler NewHandler()
    {
        var tables = new ClusterTables();
        tables.Namespaces.Upsert("prod", new NamespaceRow("prod", Labels.Empty));
        var (api, many, external) = (new ObjectKey("prod", "api"), new ObjectKey("prod", "many"), new ObjectKey("prod", "out"));
        tables.Services.Upsert(api, new ServiceRow { Key = api, ClusterIPs = [IpAddr.Parse("10.96.1.1")], Ports = [new("http", IpProtocol.Tcp, 80, 0, "", "")] });
        tables.Services.Upsert(many, new ServiceRow { Key = many, IsHeadless = true });
        tables.Services.Upsert(external, new ServiceRow { Key = external, Type = ServiceType.ExternalName, ExternalName = "www.example.com" });
        tables.EndpointSlices.Upsert(many, new EndpointSliceRow
        {
            Key = many,
            Service = many,
            Endpoints = [.. Enumerable.Range(1, 100).Select(i => new SliceEndpoint { Address = IpAddr.Parse($"10.244.1.{i}") })],
            Ports = [new("http", IpProtocol.Tcp, 80)],
        });
        tables.Services.MarkInitialized();
        tables.EndpointSlices.MarkInitialized();
        tables.Namespaces.MarkInitialized();
        var (counters, server) = (new DnsCounters(), new DnsOptions());
        using var indexes = new ZoneIndexes(tables, server, TimeProvider.System);
        using var builder = new ChainBuilder(indexes, (forward, cache) => new Forwarder(forward, cache, () => [], TimeProvider.System, counters));
        return new DnsHandler(builder.Build(ChainBuilder.BuiltIn(server)), counters);
    }
}
