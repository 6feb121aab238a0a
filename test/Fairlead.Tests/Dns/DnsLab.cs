using System.Buffers.Binary;
using System.Net;
using System.Text;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Dns.Chain;
using Fairlead.Dns.Config;
using Fairlead.Dns.Explain;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Dns;

/// <summary>A server without sockets over tables that a test fills, with replies as text.</summary>
internal sealed class DnsLab : IDisposable
{
    /// <summary>Who asks.</summary>
    public static readonly IpAddr Client = IpAddr.Parse("10.244.0.7");

    private readonly ZoneIndexes _indexes;
    private readonly ChainBuilder _builder;
    private readonly Dictionary<Forwarder, ForwardOptions> _forwards = [];

    public DnsLab(bool synced = true, DnsOptions? options = null, KubernetesOptions? kubernetes = null, bool rotates = true)
    {
        var server = options ?? new DnsOptions();
        Counters = new DnsCounters(Time);
        _indexes = new ZoneIndexes(Tables, server, Time);
        _builder = new ChainBuilder(_indexes, NewForwarder);
        var block = ChainBuilder.BuiltIn(server).Blocks[0];
        Handler = new DnsHandler(_builder.Build(new DnsConfig { Blocks = [block with { Kubernetes = kubernetes ?? block.Kubernetes, RoundRobin = rotates }] }), Counters);
        if (synced)
        {
            Sync();
        }
    }

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));

    public ClusterTables Tables { get; } = new();

    public DnsCounters Counters { get; }

    public DnsHandler Handler { get; }

    /// <summary>What the server must know to be ready is known.</summary>
    public bool IsSynced => _indexes.Synced;

    /// <summary>Answers by another configuration from now on.</summary>
    public void Use(params ServerBlock[] blocks) => Handler.Chains = _builder.Build(new DnsConfig { Blocks = [.. blocks] });

    /// <summary>Whom a forwarder asks.</summary>
    public IEnumerable<IPEndPoint> Asked(Forwarder forwarder) => _forwards[forwarder].To.Select(target => target.Address).OfType<IPEndPoint>();

    public void Sync()
    {
        Tables.Services.MarkInitialized();
        Tables.EndpointSlices.MarkInitialized();
        Tables.Namespaces.MarkInitialized();
        Tables.Pods.MarkInitialized();
        Tables.ServiceImports.Wanted?.MarkInitialized();
        _indexes.Apply();
    }

    public DnsLab Namespace(params string[] names)
    {
        foreach (var name in names)
        {
            Tables.Namespaces.Upsert(name, new NamespaceRow(name, Labels.Empty));
        }

        return this;
    }

    public DnsLab Service(string key, string addresses, params ServicePort[] ports) => Put(Row(key, addresses, ports));

    private static ServiceRow Row(string key, string addresses, ServicePort[] ports) => new()
    {
        Key = Key(key),
        IsHeadless = addresses == "None",
        ClusterIPs = addresses == "None" ? default : addresses.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(IpAddr.Parse).ToValueArray(),
        Ports = [.. ports],
    };

    /// <summary>A ServiceImport; the configuration must want such.</summary>
    public DnsLab Import(string key, string addresses, params ServicePort[] ports)
    {
        var row = Row(key, addresses, ports);
        Tables.ServiceImports.Wanted!.Upsert(row.Key, row);
        return this;
    }

    public DnsLab External(string key, string target) => Put(new ServiceRow { Key = Key(key), Type = ServiceType.ExternalName, ExternalName = target });

    /// <summary>A pod with these addresses, by spaces.</summary>
    public DnsLab Pod(string key, string addresses, bool finished = false, bool hostNetwork = false) =>
        Pod(new PodRow { Key = Key(key), Uid = key, IPs = addresses.Split(' ').Select(IpAddr.Parse).ToValueArray(), Finished = finished, HostNetwork = hostNetwork });

    public DnsLab Pod(PodRow row)
    {
        Tables.Pods.Upsert(row.Key, row);
        return this;
    }

    /// <summary>Endpoints as <c>address[=hostname][@zone][!]</c>; an exclamation mark makes one not ready.</summary>
    public DnsLab Slice(string service, string name, string endpoints, params EndpointPort[] ports)
    {
        var key = Key(service);
        var list = endpoints.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => new SliceEndpoint
        {
            Address = IpAddr.Parse(text.Split('=', '@', '!')[0]),
            Hostname = After(text, '='),
            Zone = After(text, '@'),
            Ready = !text.EndsWith('!'),
        }).ToList();
        Tables.EndpointSlices.Upsert(new ObjectKey(key.Namespace, name), new EndpointSliceRow
        {
            Key = new ObjectKey(key.Namespace, name),
            Service = key,
            Family = list.Count > 0 ? list[0].Address.Family : IpFamily.V4,
            Endpoints = list.ToValueArray(),
            Ports = [.. ports],
        });
        return this;
    }

    /// <summary>The same of an import from a cluster: endpoints as of <see cref="Slice"/>.</summary>
    public DnsLab ImportedSlice(string import, string name, string cluster, string endpoints, params EndpointPort[] ports)
    {
        var key = new ObjectKey(Key(import).Namespace, name);
        Slice(import, name, endpoints, ports);
        Tables.EndpointSlices.Upsert(key, Tables.EndpointSlices.Get(key)! with { Service = default, Import = new SliceImport(Key(import), cluster) });
        return this;
    }

    public DnsLab Put(ServiceRow row)
    {
        Tables.Services.Upsert(row.Key, row);
        return this;
    }

    public static ObjectKey Key(string text) => new(text.Split('/')[0], text.Split('/')[1]);

    public static ServicePort Port(string name, IpProtocol protocol, int port) => new(name, protocol, (ushort)port, 0, "", "");

    /// <summary>Asks, and gives the reply as lines: the code, then the records in order of their text, those of later sections behind + and ++.</summary>
    public string Ask(string name, RecordType type) => Text(Reply(Query(name, type)));

    public byte[] Reply(byte[] query, bool tcp = true)
    {
        _indexes.Apply();
        var reply = new byte[tcp ? DnsHandler.MaxReply : DnsQuery.MaxUdp];
        var handled = Handler.Handle(query, Client, reply, tcp);
        var length = handled.Pending is { } pending ? Handler.FinishAsync(pending, reply, default).GetAwaiter().GetResult() : handled.Length;
        return reply[..length];
    }

    /// <summary>
    /// The least that a thousand answers to a query by UDP allocate, of several rounds: what the runtime allocates once, while it compiles the code anew, is not
    /// the query's.
    /// </summary>
    public long LeastAllocated(byte[] query)
    {
        var reply = new byte[DnsQuery.MaxUdp];
        Assert.NotEmpty(Reply(query, tcp: false));
        return Enumerable.Range(0, 10).Min(_ =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                Assert.Null(Handler.Handle(query, Client, reply, tcp: false).Pending);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
    }

    /// <summary>What `explain` says.</summary>
    public Task<NameExplanation?> ExplainAsync(string name, string type)
    {
        _indexes.Apply();
        return new DnsExplainer(() => Handler.Chains, Tables, "cluster.local").ExplainAsync(new NameQuestion(Client, name, type), default);
    }

    public static byte[] Query(string name, RecordType type, ushort @class = 1, ushort id = 4711, byte[]? after = null)
    {
        var wire = Encoding.ASCII.GetBytes(name.TrimEnd('.')).AsSpan();
        var encoded = DnsName.Encode(name);
        for (var i = 0; i < wire.Length; i++)
        {
            encoded[i + 1] = wire[i] == (byte)'.' ? encoded[i + 1] : wire[i];
        }

        byte[] packet = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, (byte)(after is null ? 0 : 1), .. encoded, 0, 0, 0, 0, .. after ?? []];
        BinaryPrimitives.WriteUInt16BigEndian(packet, id);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(12 + encoded.Length), (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(14 + encoded.Length), @class);
        return packet;
    }

    public static string Text(byte[] reply)
    {
        Assert.True(DnsHeader.TryRead(reply, out var header));
        var reader = new DnsReader(reply);
        for (var i = 0; i < header.Questions; i++)
        {
            Assert.True(reader.TrySkipName() && reader.TryReadTypeAndClass(out _, out _));
        }

        List<List<string>> sections = [[], [], []];
        for (var i = 0; i < header.Records; i++)
        {
            Assert.True(reader.TryReadRecord(out var record));
            var section = i < header.Answers ? 0 : i < header.Answers + header.Authorities ? 1 : 2;
            sections[section].Add(new string('+', section) + (section > 0 ? " " : "") + MessageText.Record(reply, record));
        }

        Assert.Equal(reply.Length, reader.Position);
        sections.ForEach(section => section.Sort(StringComparer.Ordinal));
        return string.Join('\n', sections.SelectMany(section => section).Prepend(Flags(header)));
    }

    public void Dispose()
    {
        _builder.Dispose();
        _indexes.Dispose();
    }

    private Forwarder NewForwarder(ForwardOptions forward, CacheOptions? cache)
    {
        var forwarder = new Forwarder(forward, cache, () => [], Time, Counters);
        _forwards.Add(forwarder, forward);
        return forwarder;
    }

    private static string After(string text, char mark) =>
        text.Contains(mark, StringComparison.Ordinal) ? text[(text.IndexOf(mark, StringComparison.Ordinal) + 1)..].Split('=', '@', '!')[0] : "";

    private static string Flags(DnsHeader header)
    {
        var code = MessageText.Code(header.Code);
        return code + ((header.Flags & DnsHeader.AuthoritativeFlag) != 0 ? " AA" : "") + (header.IsTruncated ? " TC" : "");
    }
}
