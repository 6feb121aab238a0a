using Fairlead.Dns.Chain;
using Fairlead.Dns.Config;
using Fairlead.Dns.Kubernetes;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Hosts;

/// <summary>Plugin <c>hosts</c> of a block at work. Nothing is allocated by an answer.</summary>
internal sealed class HostsZone
{
    private readonly Dictionary<byte[], NamedAddress[]> _addresses = new(LabelComparer.Instance);
    private readonly Dictionary<IpAddr, byte[][]> _names = [];
    private readonly RecordWriter _records;
    private readonly ZoneSet _zones;
    private readonly ZoneSet _fallthrough;
    private readonly uint _ttl;

    /// <param name="options">The names.</param>
    /// <param name="rotates">Sets of addresses begin anywhere (plugin <c>loadbalance</c>).</param>
    public HostsZone(HostsOptions options, bool rotates)
    {
        _ttl = options.Ttl;
        _records = new RecordWriter(_ttl, rotates);
        _zones = new ZoneSet(options.Zones);
        _fallthrough = new ZoneSet(options.Fallthrough);
        var pairs = options.Entries.SelectMany(entry => entry.Names, (entry, name) => (entry.Address, Name: DnsName.Encode(name))).ToList();
        foreach (var host in pairs.GroupBy(pair => pair.Name, pair => new NamedAddress([], pair.Address), LabelComparer.Instance))
        {
            _addresses.Add(host.Key, [.. host.DistinctBy(address => address.Address)]);
        }

        foreach (var address in options.NoReverse ? [] : pairs.GroupBy(pair => pair.Address, pair => pair.Name))
        {
            _names.Add(address.Key, [.. address.Distinct(LabelComparer.Instance)]);
        }
    }

    /// <summary>Writes the answer to a question, when the name is one of the text's.</summary>
    /// <param name="owner">The name as it was asked for.</param>
    /// <param name="name">The same.</param>
    /// <param name="type">What was asked for.</param>
    /// <param name="writer">The reply, with its question written.</param>
    public ZoneOutcome Answer(scoped ReadOnlySpan<byte> owner, scoped QueryName name, RecordType type, ref DnsWriter writer)
    {
        if (type == RecordType.PTR)
        {
            return Pointers(owner, name, ref writer);
        }

        if (!_zones.Contains(name))
        {
            return ZoneOutcome.NotMine;
        }

        if (_addresses.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name.Wire, out var addresses))
        {
            writer.Authoritative = true;
            _records.Addresses(owner, addresses, type, ref writer);
            return ZoneOutcome.Answered;
        }

        if (_fallthrough.Contains(name))
        {
            return ZoneOutcome.NotMine;
        }

        // As CoreDNS: there is no SOA to deny a name with.
        writer.Code = ResponseCode.ServFail;
        return ZoneOutcome.Answered;
    }

    // As CoreDNS: reverse names lie in no zone of the plugin's, and one that is not known is always asked of the next.
    private ZoneOutcome Pointers(scoped ReadOnlySpan<byte> owner, scoped QueryName name, ref DnsWriter writer)
    {
        if (!AddressNames.TryReverse(name, out var address) || !_names.TryGetValue(address, out var names))
        {
            return ZoneOutcome.NotMine;
        }

        writer.Authoritative = true;
        foreach (var target in names)
        {
            if (!writer.Name(owner, RecordType.PTR, _ttl, target))
            {
                break;
            }
        }

        return ZoneOutcome.Answered;
    }
}
