using Fairlead.Dns.Config;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Kubernetes;

/// <summary>What one name of a zone has, written into a reply. Nothing is allocated.</summary>
/// <param name="index">Which names there are.</param>
/// <param name="options">How they are answered.</param>
/// <param name="rotates">Sets of addresses begin anywhere.</param>
internal sealed class ZoneRecords(ZoneIndex index, KubernetesOptions options, bool rotates)
{
    private readonly RecordWriter _records = new(options.Ttl, rotates);
    private readonly PodNames _pods = options.Pods;
    private readonly bool _zonal = options.Zonal;
    private readonly bool _imports = options.Imports;
    private readonly uint _ttl = options.Ttl;

    /// <summary>Writes what a name of a cluster zone has of the type asked for, or its CNAME, whose target is <paramref name="alias"/>.</summary>
    public Found Resolve(scoped ZoneQuestion question, ref DnsWriter writer, out byte[] alias)
    {
        alias = [];
        writer.HasAnswered = false;
        var kind = question.Before - 1;
        var last = kind < 0 ? default : question.Name.Label(kind);
        if (last.SequenceEqual("svc"u8))
        {
            return Services(question, kind, ref writer, out alias);
        }

        if (last.SequenceEqual("pod"u8))
        {
            return Pods(question, kind, ref writer);
        }

        if (last.SequenceEqual("dns-version"u8) && kind == 0)
        {
            writer.HasAnswered = question.Type == RecordType.TXT && RecordWriter.Version(question.Owner, ref writer);
            return Found.Name;
        }

        return ResolveServer(question, ref writer);
    }

    /// <summary>Writes what every zone has: its apex, and the name of its server.</summary>
    public Found ResolveServer(scoped ZoneQuestion question, ref DnsWriter writer)
    {
        writer.HasAnswered = false;
        switch (question.Before)
        {
            case 0:
                Apex(question, ref writer);
                return Found.Name;
            case 1 when question.Name.Label(0).SequenceEqual("dns"u8):
                return Found.Name;
            case 2 when question.Name.Labels(0, 2).SequenceEqual(RecordWriter.Server):
                return _records.Addresses(question.Owner, index.ServerAddresses, question.Type, ref writer);
            default:
                return Found.Nothing;
        }
    }

    /// <summary>Writes that a name stands for another.</summary>
    public void Alias(scoped ReadOnlySpan<byte> owner, scoped ReadOnlySpan<byte> target, ref DnsWriter writer) =>
        writer.Name(owner, RecordType.CNAME, _ttl, target);

    /// <summary>Writes the names of an address.</summary>
    public Found Pointers(scoped ZoneQuestion question, IpAddr address, ServiceNames[] names, scoped ReadOnlySpan<byte> zone, ref DnsWriter writer)
    {
        writer.HasAnswered = false;
        if (question.Type == RecordType.PTR)
        {
            _records.Pointers(question.Owner, address, names, zone, ref writer);
        }

        return Found.Name;
    }

    /// <summary>Writes the zone's SOA where nothing was answered, and the code.</summary>
    public void Conclude(Found found, scoped ZoneQuestion question, ref DnsWriter writer)
    {
        // As CoreDNS: whoever looks for a zone's apex by asking names below for their SOA is led upwards without a name error.
        var exists = found != Found.Nothing || question.Type == RecordType.SOA;
        if (exists && question.Type == RecordType.ANY)
        {
            // RFC 8482 §4.2: everything at once is not given.
            writer.Text(question.Owner, RecordType.HINFO, _ttl, "RFC8482"u8, default);
        }
        else if (!exists || !writer.HasAnswered)
        {
            writer.Code = exists ? ResponseCode.NoError : ResponseCode.NxDomain;
            writer.Enter(Section.Authority);
            Soa(question.Zone, ref writer);
        }
    }

    /// <summary>The zone's SOA record, as of now.</summary>
    public void Soa(scoped ReadOnlySpan<byte> zone, ref DnsWriter writer) => _records.Soa(zone, index.Serial, ref writer);

    private void Apex(scoped ZoneQuestion question, ref DnsWriter writer)
    {
        if (question.Type == RecordType.SOA)
        {
            Soa(question.Zone, ref writer);
            writer.HasAnswered = true;
        }
        else if (question.Type == RecordType.NS)
        {
            Span<byte> scratch = stackalloc byte[DnsReader.MaxName];
            var server = RecordWriter.Under(default, RecordWriter.Server, question.Zone, scratch);
            writer.Name(question.Owner, RecordType.NS, _ttl, server);
            writer.HasAnswered = true;
            writer.Enter(Section.Additional);
            _records.AllAddresses(server, index.ServerAddresses, ref writer);
        }
    }

    // labels of [service's own ...] service . namespace . "svc"; `kind` is the index of "svc".
    private Found Services(scoped ZoneQuestion question, int kind, ref DnsWriter writer, out byte[] alias)
    {
        alias = [];
        var name = question.Name;
        var type = question.Type;
        if (kind < 2)
        {
            return kind == 0 || index.HasNamespace(name.Labels(0, 1)) ? Found.Name : Found.Nothing;
        }

        if (kind > 4 && !_imports)
        {
            return Zonal(question, kind, ref writer);
        }

        if (index.FindService(name.Labels(kind - 2, kind)) is not { Exists: true } service)
        {
            return Found.Nothing;
        }

        if (service.Alias.Length > 0 && kind == 2 && type is not (RecordType.SRV or RecordType.PTR or RecordType.ANY))
        {
            alias = service.Alias;
            writer.HasAnswered = true;
            writer.Name(question.Owner, RecordType.CNAME, _ttl, service.Alias);
            return type == RecordType.CNAME ? Found.Name : Found.Alias;
        }

        return kind switch
        {
            2 when type == RecordType.SRV => _records.Services(question, service, service.AllPorts.Targets, service.AllPorts.Weight, ref writer),
            2 => _records.Addresses(question.Owner, service.Addresses, type, ref writer),
            4 when !_imports || IsPort(name) => Port(question, service, ref writer),
            _ => Below(question, service, kind, ref writer),
        };
    }

    // Of a Service one label; of an import the endpoint's and its cluster's. Underscores say that it is a port's (as CoreDNS).
    private static bool IsPort(scoped QueryName name) => name.Label(0)[0] == (byte)'_' || name.Label(1)[0] == (byte)'_';

    private Found Below(scoped ZoneQuestion question, ServiceNames service, int kind, ref DnsWriter writer)
    {
        var label = question.Name.Labels(0, kind - 2);
        var endpoints = service.Labelled(label);
        if (endpoints.IsEmpty)
        {
            return service.HasCluster(label) || service.HasProtocol(label) ? Found.Name : Zonal(question, kind, ref writer);
        }

        return question.Type == RecordType.SRV
            ? EndpointPorts(question, service, service.TargetsLabelled(label), endpoints.Length, ref writer)
            : _records.Addresses(question.Owner, endpoints, question.Type, ref writer);
    }

    private Found EndpointPorts(scoped ZoneQuestion question, ServiceNames service, scoped ReadOnlySpan<SrvTarget> targets, int addresses, ref DnsWriter writer) =>
        _records.Services(question, service, targets, ServiceNames.WeightOf(targets, addresses), ref writer);

    private Found Port(scoped ZoneQuestion question, ServiceNames service, ref DnsWriter writer)
    {
        Span<byte> scratch = stackalloc byte[130];
        if (service.Port(PortKey(question.Name, scratch)) is not { } group)
        {
            return Zonal(question, 4, ref writer);
        }

        return question.Type == RecordType.SRV ? _records.Services(question, service, group.Targets, group.Weight, ref writer) : Found.Name;
    }

    // ZONE . "pin" or "prefer" . "_zone" . service . namespace . "svc", of headless Services alone. A zone's name may have several labels.
    private Found Zonal(scoped ZoneQuestion question, int kind, ref DnsWriter writer)
    {
        var name = question.Name;
        if (!_zonal || !name.Label(kind - 3).SequenceEqual("_zone"u8)
            || index.FindService(name.Labels(kind - 2, kind)) is not { Exists: true, IsHeadless: true } service)
        {
            return Found.Nothing;
        }

        var prefers = kind > 3 && name.Label(kind - 4).SequenceEqual("prefer"u8);
        if (kind > 3 && !prefers && !name.Label(kind - 4).SequenceEqual("pin"u8))
        {
            return Found.Nothing;
        }

        // Names above others exist, empty (RFC 8020), and so does that of a zone without endpoints.
        if (kind < 5 || (service.InZone(name.Labels(0, kind - 4)) ?? (prefers ? service : null)) is not { } there)
        {
            return Found.Name;
        }

        return question.Type == RecordType.SRV
            ? _records.Services(question, there, there.AllPorts.Targets, there.AllPorts.Weight, ref writer)
            : _records.Addresses(question.Owner, there.Addresses, question.Type, ref writer);
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

    private Found Pods(scoped ZoneQuestion question, int kind, ref DnsWriter writer)
    {
        if (kind == 0)
        {
            return Found.Name;
        }

        if (_pods == PodNames.Disabled || kind > 2 || !index.HasNamespace(question.Name.Labels(kind - 1, kind)))
        {
            return Found.Nothing;
        }

        if (kind == 1)
        {
            return Found.Name;
        }

        return AddressNames.TryDashed(question.Name.Label(0), out var address)
            && (_pods == PodNames.Insecure || index.Pods.Holds(address, question.Name.Label(1)))
            ? _records.Addresses(question.Owner, [new NamedAddress([], address)], question.Type, ref writer)
            : Found.Nothing;
    }
}
