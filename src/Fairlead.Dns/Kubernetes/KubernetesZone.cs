using Fairlead.Dns.Chain;
using Fairlead.Dns.Config;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Kubernetes;

/// <summary>
/// Answers for the cluster's zone and for reverse names of its addresses, as the DNS specification 1.1.0 of kubernetes/dns says and
/// CoreDNS does. Nothing is allocated.
/// </summary>
internal sealed class KubernetesZone
{
    private const int MaxAliases = 10;
    private const uint VersionTtl = 28800;
    private const uint MaxNegativeTtl = 300;
    private readonly ZoneIndex _index;
    private readonly RecordWriter _records;
    private readonly byte[] _zone;
    private readonly int _zoneLabels;
    private readonly byte[] _server;
    private readonly byte[] _mailbox;
    private readonly byte[] _serverService;
    private readonly NamedAddress[] _fallbackServer;
    private readonly ZoneMap<byte[]> _reverse;
    private readonly ZoneSet _fallthrough;
    private readonly IpNet[] _ranges;
    private readonly uint _ttl;

    /// <param name="index">The zone's names.</param>
    /// <param name="options">How to answer for the zone, and which reverse zones besides.</param>
    /// <param name="server">Who the server is.</param>
    /// <param name="rotates">Sets of addresses begin anywhere (plugin <c>loadbalance</c>).</param>
    public KubernetesZone(ZoneIndex index, KubernetesOptions options, DnsOptions server, bool rotates)
    {
        _index = index;
        _ttl = options.Ttl;
        _records = new RecordWriter(_ttl, rotates);
        _reverse = new ZoneMap<byte[]>(options.Zones.Where(AddressNames.IsReverse).Select(zone => KeyValuePair.Create(zone, DnsName.Encode(zone))));
        _fallthrough = new ZoneSet(options.Fallthrough);
        _zone = DnsName.Encode(index.Zone);
        _zoneLabels = index.Zone.Split('.').Length;
        _server = DnsName.Encode($"ns.dns.{index.Zone}");
        _mailbox = DnsName.Encode($"hostmaster.{index.Zone}");
        _serverService = DnsName.Encode($"{server.Service.Name}.{server.Service.Namespace}")[..^1];
        _fallbackServer = [.. server.FallbackAddresses.Select(address => new NamedAddress([], address))];
        _ranges = [.. options.OwnRanges];
    }

    /// <summary>Writes the answer to a query, or the CNAME of it.</summary>
    /// <param name="query">A query without error.</param>
    /// <param name="asked">Its name.</param>
    /// <param name="writer">The reply, with its question written.</param>
    /// <param name="alias">The name to be asked upstream, when the outcome says so.</param>
    public ZoneOutcome Answer(scoped DnsQuery query, scoped QueryName asked, ref DnsWriter writer, out byte[] alias)
    {
        alias = [];
        var before = asked.LabelsBefore(_zone, _zoneLabels);
        if (before < 0)
        {
            return AnswerReverse(query, asked, ref writer);
        }

        if (!_index.Synced)
        {
            writer.Code = ResponseCode.ServFail;
            return ZoneOutcome.Answered;
        }

        writer.Authoritative = true;
        Span<byte> wire = stackalloc byte[DnsReader.MaxName];
        Span<byte> labels = stackalloc byte[128];
        var name = asked;
        var owner = query.Name;
        for (var i = 0; i < MaxAliases; i++)
        {
            var found = Resolve(name, before, owner, query.Type, ref writer, out alias);
            if (found == Found.Nothing && i == 0 && _fallthrough.Contains(asked))
            {
                writer.Authoritative = false;
                return ZoneOutcome.NotMine;
            }

            if (found != Found.Alias)
            {
                // RFC 6604: the code is that of the last name of the chain.
                Conclude(found, query, owner, _zone, ref writer);
                return ZoneOutcome.Answered;
            }

            if (query.Type is not (RecordType.A or RecordType.AAAA))
            {
                return ZoneOutcome.Answered;
            }

            owner = alias;
            name = new QueryName(owner, wire, labels);
            before = name.LabelsBefore(_zone, _zoneLabels);
            if (before < 0)
            {
                return ZoneOutcome.Alias;
            }
        }

        writer.Code = ResponseCode.ServFail;
        return ZoneOutcome.Answered;
    }

    private ZoneOutcome AnswerReverse(scoped DnsQuery query, scoped QueryName name, ref DnsWriter writer)
    {
        if (!_reverse.TryFind(name, out var zone))
        {
            return ZoneOutcome.NotMine;
        }

        var fallsThrough = _fallthrough.Contains(name);
        var whole = AddressNames.TryReverse(name, out var address);
        if (!whole && fallsThrough)
        {
            return ZoneOutcome.NotMine;
        }

        if (!_index.Synced)
        {
            writer.Code = ResponseCode.ServFail;
            return ZoneOutcome.Answered;
        }

        var names = whole ? _index.FindAddress(address) : null;
        if (names is null && fallsThrough && !InCluster(address))
        {
            return ZoneOutcome.NotMine;
        }

        writer.Authoritative = true;
        if (query.Type == RecordType.PTR)
        {
            _records.Pointers(query.Name, address, names, ref writer);
        }

        Conclude(names is null ? Found.Nothing : Found.Name, query, query.Name, zone, ref writer);
        return ZoneOutcome.Answered;
    }

    private bool InCluster(IpAddr address)
    {
        foreach (var range in _ranges)
        {
            if (range.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private void Conclude(Found found, scoped DnsQuery query, scoped ReadOnlySpan<byte> owner, scoped ReadOnlySpan<byte> zone, ref DnsWriter writer)
    {
        // As CoreDNS: whoever looks for a zone's apex by asking names below for their SOA is led upwards without a name error.
        var exists = found != Found.Nothing || query.Type == RecordType.SOA;
        if (exists && query.Type == RecordType.ANY)
        {
            // RFC 8482 §4.2: everything at once is not given.
            writer.Text(owner, RecordType.HINFO, _ttl, "RFC8482"u8, default);
        }
        else if (!exists || !writer.HasAnswered)
        {
            writer.Code = exists ? ResponseCode.NoError : ResponseCode.NxDomain;
            writer.Enter(Section.Authority);
            Soa(zone, Math.Min(_ttl, MaxNegativeTtl), ref writer);
        }
    }

    private void Soa(scoped ReadOnlySpan<byte> zone, uint ttl, ref DnsWriter writer) => writer.Soa(zone, ttl, _server, _mailbox, _index.Serial, _ttl);

    private Found Resolve(
        scoped QueryName name, int before, scoped ReadOnlySpan<byte> owner, RecordType type, ref DnsWriter writer, out byte[] alias)
    {
        alias = [];
        writer.HasAnswered = false;
        if (before == 0)
        {
            Apex(owner, type, ref writer);
            return Found.Name;
        }

        var last = name.Label(before - 1);
        if (last.SequenceEqual("svc"u8))
        {
            return Services(name, before - 1, owner, type, ref writer, out alias);
        }

        if (last.SequenceEqual("pod"u8))
        {
            return Pods(name, before - 1, owner, type, ref writer);
        }

        if (last.SequenceEqual("dns-version"u8) && before == 1)
        {
            writer.HasAnswered = type == RecordType.TXT && writer.Text(owner, type, VersionTtl, "1.1.0"u8, default);
            return Found.Name;
        }

        if (!last.SequenceEqual("dns"u8) || before > 2 || (before == 2 && !name.Label(0).SequenceEqual("ns"u8)))
        {
            return Found.Nothing;
        }

        return before == 2 ? _records.Addresses(owner, ServerAddresses(), type, ref writer) : Found.Name;
    }

    private void Apex(scoped ReadOnlySpan<byte> owner, RecordType type, ref DnsWriter writer)
    {
        if (type == RecordType.SOA)
        {
            Soa(owner, _ttl, ref writer);
            writer.HasAnswered = true;
        }
        else if (type == RecordType.NS)
        {
            writer.Name(owner, RecordType.NS, _ttl, _server);
            writer.HasAnswered = true;
            writer.Enter(Section.Additional);
            _records.AllAddresses(_server, ServerAddresses(), ref writer);
        }
    }

    private NamedAddress[] ServerAddresses() => _index.FindService(_serverService)?.Addresses ?? _fallbackServer;

    // labels of [service's own ...] service . namespace . "svc"; `kind` is the index of "svc".
    private Found Services(
        scoped QueryName name, int kind, scoped ReadOnlySpan<byte> owner, RecordType type, ref DnsWriter writer, out byte[] alias)
    {
        alias = [];
        if (kind < 2)
        {
            return kind == 0 || _index.HasNamespace(name.Labels(0, 1)) ? Found.Name : Found.Nothing;
        }

        if (kind > 4 || _index.FindService(name.Labels(kind - 2, kind)) is not { Exists: true } service)
        {
            return Found.Nothing;
        }

        if (service.Alias.Length > 0 && kind == 2 && type is not (RecordType.SRV or RecordType.PTR or RecordType.ANY))
        {
            alias = service.Alias;
            writer.Name(owner, RecordType.CNAME, _ttl, service.Alias);
            return Found.Alias;
        }

        return kind switch
        {
            2 when type == RecordType.SRV => _records.Services(owner, service, service.AllPorts, ref writer),
            2 => _records.Addresses(owner, service.Addresses, type, ref writer),
            3 => Below(name, owner, service, type, ref writer),
            _ => Port(name, owner, service, type, ref writer),
        };
    }

    private Found Below(
        scoped QueryName name, scoped ReadOnlySpan<byte> owner, ServiceNames service, RecordType type, ref DnsWriter writer)
    {
        var endpoints = service.Labelled(name.Label(0));
        if (endpoints.IsEmpty)
        {
            return service.HasProtocol(name.Labels(0, 1)) ? Found.Name : Found.Nothing;
        }

        return _records.Addresses(owner, endpoints, type, ref writer);
    }

    private Found Port(
        scoped QueryName name, scoped ReadOnlySpan<byte> owner, ServiceNames service, RecordType type, ref DnsWriter writer)
    {
        Span<byte> scratch = stackalloc byte[130];
        if (service.Port(PortKey(name, scratch)) is not { } targets)
        {
            return Found.Nothing;
        }

        return type == RecordType.SRV ? _records.Services(owner, service, targets, ref writer) : Found.Name;
    }

    // As CoreDNS: the underscores may be left out.
    private static ReadOnlySpan<byte> PortKey(scoped QueryName name, Span<byte> scratch)
    {
        var length = 0;
        for (var i = 0; i < 2; i++)
        {
            var label = name.Label(i);
            var missing = label[0] == (byte)'_' ? 0 : 1;
            scratch[length] = (byte)(label.Length + missing);
            scratch[length + 1] = (byte)'_';
            label.CopyTo(scratch[(length + 1 + missing)..]);
            length += 1 + label.Length + missing;
        }

        return scratch[..length];
    }

    private Found Pods(scoped QueryName name, int kind, scoped ReadOnlySpan<byte> owner, RecordType type, ref DnsWriter writer)
    {
        if (kind == 0)
        {
            return Found.Name;
        }

        if (kind > 2 || !_index.HasNamespace(name.Labels(kind - 1, kind)))
        {
            return Found.Nothing;
        }

        if (kind == 1)
        {
            return Found.Name;
        }

        return AddressNames.TryDashed(name.Label(0), out var address)
            ? _records.Addresses(owner, [new NamedAddress([], address)], type, ref writer)
            : Found.Nothing;
    }
}
