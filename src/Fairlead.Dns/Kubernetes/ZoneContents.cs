using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Kubernetes;

/// <summary>One record of a zone, named relative to it.</summary>
internal readonly record struct ZoneRecord
{
    public required RecordType Type { get; init; }

    /// <summary>The first labels of the owner, with their length bytes: <c>_port._proto</c>.</summary>
    public byte[] Port { get; init; }

    /// <summary>The labels of the owner that follow, with their length bytes: an endpoint's.</summary>
    public byte[] Label { get; init; }

    /// <summary>The labels of the owner that follow, with their length bytes, up to the zone: <c>service.namespace.svc</c>.</summary>
    public byte[] Stem { get; init; }

    /// <summary>Of A and AAAA the data; of PTR what the owner spells.</summary>
    public IpAddr Address { get; init; }

    /// <summary>Of SRV the target, below <see cref="Stem"/>.</summary>
    public SrvTarget Target { get; init; }

    /// <summary>Of SRV.</summary>
    public ushort Weight { get; init; }

    /// <summary>Of CNAME: the whole target.</summary>
    public byte[] Alias { get; init; }
}

/// <summary>
/// Everything in one zone, as the plain queries give it, one record after another: nothing but the record at hand is made. Names that may be any, those of
/// pods, are left out, as CoreDNS does.
/// </summary>
/// <param name="snapshot">What is known.</param>
/// <param name="zone">The zone.</param>
/// <param name="primary">The zone of names that reverse names lead to.</param>
/// <param name="ttl">Seconds a client may keep its records.</param>
internal sealed class ZoneContents(ZoneSnapshot snapshot, ZoneName zone, byte[] primary, uint ttl)
{
    private static readonly byte[] Version = DnsName.Encode("dns-version")[..^1];
    private static readonly byte[] Server = RecordWriter.Server.ToArray();
    private readonly RecordWriter _records = new(ttl, rotates: false);

    /// <summary>The records; the first and the last are the SOA (RFC 5936 §2.2).</summary>
    public IEnumerable<ZoneRecord> Records()
    {
        yield return new ZoneRecord { Type = RecordType.SOA };
        yield return new ZoneRecord { Type = RecordType.NS };
        foreach (var record in Addresses(Server, snapshot.ServerAddresses))
        {
            yield return record;
        }

        foreach (var record in zone.IsReverse ? snapshot.Services.SelectMany(Pointers) : snapshot.Services.Where(service => service.Exists).SelectMany(Names))
        {
            yield return record;
        }

        if (!zone.IsReverse)
        {
            yield return new ZoneRecord { Type = RecordType.TXT, Stem = Version };
        }

        yield return new ZoneRecord { Type = RecordType.SOA };
    }

    /// <summary>Writes a record; false: there is no room for it.</summary>
    /// <param name="record">One of <see cref="Records"/>.</param>
    /// <param name="apex">The zone's name in the case it was asked in.</param>
    /// <param name="writer">The message.</param>
    public bool Write(in ZoneRecord record, scoped ReadOnlySpan<byte> apex, ref DnsWriter writer)
    {
        Span<byte> name = stackalloc byte[DnsReader.MaxName];
        Span<byte> target = stackalloc byte[DnsReader.MaxName];
        if (record.Type == RecordType.PTR)
        {
            var reverse = AddressNames.Reverse(record.Address, name);
            apex.CopyTo(name[(reverse.Length - apex.Length)..]);
            return !TryJoin(default, record.Label, record.Stem, primary, target, out var pointer)
                || writer.Name(reverse, RecordType.PTR, ttl, target[..pointer]);
        }

        // What is longer than names may be has none, and nobody can ask for it.
        if (!TryJoin(record.Port, record.Label, record.Stem, apex, name, out var length))
        {
            return true;
        }

        var owner = name[..length];
        return record.Type switch
        {
            RecordType.SOA => _records.Soa(apex, snapshot.Serial, ref writer),
            RecordType.NS => writer.Name(apex, RecordType.NS, ttl, RecordWriter.Under(default, Server, apex, target)),
            RecordType.TXT => RecordWriter.Version(owner, ref writer),
            RecordType.CNAME => writer.Name(owner, RecordType.CNAME, ttl, record.Alias),
            RecordType.SRV => writer.Srv(owner, ttl, record.Weight, record.Target.Port, RecordWriter.Under(record.Target.Label, record.Stem, apex, target)),
            _ => writer.Address(owner, ttl, record.Address),
        };
    }

    private static IEnumerable<ZoneRecord> Names(ServiceNames service)
    {
        if (service.Alias.Length > 0)
        {
            return [new ZoneRecord { Type = RecordType.CNAME, Stem = service.Stem, Alias = service.Alias }];
        }

        // Under the Service's own name each address stands once, whatever label it has below.
        return Addresses(service.Stem, service.Addresses)
            .Concat(Targets(service, service.AllPorts))
            .Concat(service.Ports.SelectMany(port => Targets(service, port)))
            .Concat(service.Endpoints.Select(endpoint => Address(service.Stem, endpoint) with { Label = endpoint.Label }))
            .Concat(EndpointPorts(service));
    }

    private static IEnumerable<ZoneRecord> EndpointPorts(ServiceNames service) => service.EndpointPorts.Select(target => new ZoneRecord
    {
        Type = RecordType.SRV,
        Label = target.Label,
        Stem = service.Stem,
        Target = target,
        Weight = ServiceNames.WeightOf(service.TargetsLabelled(target.Label), service.Labelled(target.Label).Length),
    });

    private static IEnumerable<ZoneRecord> Targets(ServiceNames service, SrvGroup group) => group.Targets.Select(target =>
        new ZoneRecord { Type = RecordType.SRV, Port = group.Key, Stem = service.Stem, Target = target, Weight = group.Weight });

    private static IEnumerable<ZoneRecord> Addresses(byte[] stem, NamedAddress[] addresses) => addresses.Select(address => Address(stem, address));

    private static ZoneRecord Address(byte[] stem, NamedAddress address) =>
        new() { Type = address.Address.IsV4 ? RecordType.A : RecordType.AAAA, Stem = stem, Address = address.Address };

    private IEnumerable<ZoneRecord> Pointers(ServiceNames service) =>
        service.Endpoints.Concat(service.IsHeadless ? [] : service.Addresses)
            .Where(one => DnsName.IsIn(AddressNames.Reverse(one.Address, stackalloc byte[DnsReader.MaxName]), zone.Wire))
            .Select(one => new ZoneRecord { Type = RecordType.PTR, Label = one.Label, Stem = service.Stem, Address = one.Address });

    private static bool TryJoin(
        scoped ReadOnlySpan<byte> port, scoped ReadOnlySpan<byte> label, scoped ReadOnlySpan<byte> stem, scoped ReadOnlySpan<byte> apex, Span<byte> name, out int length)
    {
        length = port.Length + label.Length + stem.Length + apex.Length;
        if (length > name.Length)
        {
            return false;
        }

        port.CopyTo(name);
        label.CopyTo(name[port.Length..]);
        stem.CopyTo(name[(port.Length + label.Length)..]);
        apex.CopyTo(name[(length - apex.Length)..]);
        return true;
    }
}
