using Fairlead.Dns.Chain;
using Fairlead.Dns.Config;
using Fairlead.Dns.Metrics;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Kubernetes;

/// <summary>
/// Answers for the cluster's zones and for reverse names of its addresses, as the DNS specification 1.1.0 of kubernetes/dns says and
/// CoreDNS does. Nothing is allocated.
/// </summary>
internal sealed class KubernetesZone
{
    private const int MaxAliases = 10;
    private readonly ZoneIndex _index;
    private readonly ZoneRecords _records;
    private readonly ZoneMap<ZoneName> _zones;
    private readonly ZoneSet _fallthrough;
    private readonly byte[] _primary;
    private readonly uint _ttl;
    private readonly IpNet[] _ranges;

    /// <param name="index">Which names there are.</param>
    /// <param name="options">In which zones, and how they are answered.</param>
    /// <param name="rotates">Sets of addresses begin anywhere (plugin <c>loadbalance</c>).</param>
    /// <exception cref="FormatException">A zone is no DNS name.</exception>
    public KubernetesZone(ZoneIndex index, KubernetesOptions options, bool rotates)
    {
        _index = index;
        _ttl = options.Ttl;
        _records = new ZoneRecords(index, options, rotates);
        _zones = new ZoneMap<ZoneName>(options.Zones.Select(zone => KeyValuePair.Create(zone, new ZoneName(zone))));
        _primary = DnsName.Encode(options.Zones.FirstOrDefault(zone => !AddressNames.IsReverse(zone)) ?? "");
        _fallthrough = new ZoneSet(options.Fallthrough);
        _ranges = [.. options.OwnRanges];
    }

    /// <summary>Every table has listed once.</summary>
    public bool Synced => _index.Synced;

    /// <summary>The SOA's serial.</summary>
    public uint Serial => _index.Serial;

    /// <summary>Whether a name is that of one of the zones.</summary>
    public bool IsApex(scoped QueryName name) => _zones.TryFind(name, out var zone) && zone.Labels == name.Count;

    /// <summary>The SOA record of one of the zones, in the case it was asked in.</summary>
    public void Soa(scoped ReadOnlySpan<byte> zone, ref DnsWriter writer) => _records.Soa(zone, ref writer);

    /// <summary>All records of the zone with this name, which must be one; those of pods are left out, which may be any.</summary>
    public ZoneContents Contents(scoped QueryName name)
    {
        _zones.TryFind(name, out var zone);
        return new ZoneContents(_index.Snapshot(), zone!, _primary, _ttl);
    }

    /// <summary>Writes the answer to a query, or the CNAME of it.</summary>
    /// <param name="query">A query without error.</param>
    /// <param name="name">Its name.</param>
    /// <param name="path">How the asker's names are completed; null: not at all.</param>
    /// <param name="writer">The reply, with its question written.</param>
    /// <param name="alias">The name to be asked upstream, when the outcome says so.</param>
    public ZoneOutcome Answer(scoped DnsQuery query, scoped QueryName name, Completion path, ref DnsWriter writer, out byte[] alias)
    {
        alias = [];
        if (!_zones.TryFind(name, out var zone))
        {
            return ZoneOutcome.NotMine;
        }

        var question = Ask(zone, name, query.Name, query.Type);
        if (zone.IsReverse)
        {
            return AnswerReverse(question, ref writer);
        }

        if (!_index.Synced)
        {
            writer.Code = ResponseCode.ServFail;
            return ZoneOutcome.Answered;
        }

        writer.Authoritative = true;
        var found = _records.Resolve(question, ref writer, out alias);
        if (found == Found.Alias)
        {
            return Follow(question, alias, ref writer, out alias);
        }

        if (found == Found.Nothing && query.Type != RecordType.SOA && _fallthrough.Contains(name))
        {
            return Pass(ref writer);
        }

        return found == Found.Nothing && query.Type is RecordType.A or RecordType.AAAA && path.Find(question) is { } search
            ? Complete(question, search, ref writer, out alias)
            : Conclude(found, question, ref writer);
    }

    // What the pod's resolver would ask next is asked here: the name below the cluster's further zones, and as it stands, if that is in a zone of ours.
    private ZoneOutcome Complete(scoped ZoneQuestion asked, SearchPath path, ref DnsWriter writer, out byte[] alias)
    {
        alias = [];
        var own = asked.Before - 2;
        Span<byte> scratch = stackalloc byte[DnsReader.MaxName];
        Span<byte> wire = stackalloc byte[DnsReader.MaxName];
        Span<byte> labels = stackalloc byte[QueryName.MaxLabels];
        var stem = asked.Owner[..asked.Name.Labels(0, own).Length];
        var inZone = false;
        for (var dropped = 1; dropped <= 3; dropped++)
        {
            var suffix = dropped == 3 ? asked.Owner[^1..] : asked.Owner[asked.Name.Labels(0, own + dropped).Length..];
            stem.CopyTo(scratch);
            suffix.CopyTo(scratch[stem.Length..]);
            var candidate = scratch[..(stem.Length + suffix.Length)];
            var name = new QueryName(candidate, wire, labels);
            inZone = _zones.TryFind(name, out var zone) && !zone.IsReverse;
            if (!inZone)
            {
                continue;
            }

            var question = Ask(zone!, name, candidate, asked.Type);
            _records.Alias(asked.Owner, candidate, ref writer);
            var found = _records.Resolve(question, ref writer, out var next);
            if (found != Found.Nothing)
            {
                writer.Plugin = DnsPlugin.Autopath;
                return found == Found.Alias ? Follow(question, next, ref writer, out alias) : Conclude(found, question, ref writer);
            }

            writer.Clear();
        }

        return path.Beyond is { } beyond && (beyond.Length > 0 || (own > 1 && !inZone)) ? ZoneOutcome.Search : Conclude(Found.Nothing, asked, ref writer);
    }

    // The CNAME is written; a client's resolver expects what it stands for to follow.
    private ZoneOutcome Follow(scoped ZoneQuestion asked, byte[] first, ref DnsWriter writer, out byte[] alias)
    {
        alias = first;
        Span<byte> wire = stackalloc byte[DnsReader.MaxName];
        Span<byte> labels = stackalloc byte[QueryName.MaxLabels];
        for (var i = 1; i <= MaxAliases; i++)
        {
            var name = new QueryName(alias, wire, labels);
            if (!_zones.TryFind(name, out var zone) || zone.IsReverse)
            {
                return ZoneOutcome.Alias;
            }

            var question = Ask(zone, name, alias, asked.Type);
            var found = _records.Resolve(question, ref writer, out var next);
            if (found != Found.Alias)
            {
                // RFC 6604: the code is that of the last name of the chain.
                return Conclude(found, question, ref writer);
            }

            alias = next;
        }

        // A loop, or as good as one: it is dropped, and the name has no address (as CoreDNS).
        writer.Clear();
        return Conclude(Found.Name, asked, ref writer);
    }

    // A reverse zone that is fallen through has no names but those of addresses that are known, or that only the cluster could know.
    private ZoneOutcome AnswerReverse(scoped ZoneQuestion question, ref DnsWriter writer)
    {
        var known = AddressNames.TryReverse(question.Name, out var address);
        var passes = _fallthrough.Contains(question.Name);
        if (!known && passes)
        {
            return ZoneOutcome.NotMine;
        }

        if (!_index.Synced)
        {
            writer.Code = ResponseCode.ServFail;
            return ZoneOutcome.Answered;
        }

        if (known && _index.FindAddress(address) is { } names)
        {
            writer.Authoritative = true;
            return Conclude(_records.Pointers(question, address, names, _primary, ref writer), question, ref writer);
        }

        if (passes && !InCluster(address))
        {
            return ZoneOutcome.NotMine;
        }

        writer.Authoritative = true;
        return Conclude(known ? Found.Nothing : _records.ResolveServer(question, ref writer), question, ref writer);
    }

    private static ZoneQuestion Ask(ZoneName zone, QueryName name, ReadOnlySpan<byte> owner, RecordType type) => new()
    {
        Name = name,
        Owner = owner,
        Zone = owner[^zone.Wire.Length..],
        Before = name.Count - zone.Labels,
        Type = type,
    };

    private static ZoneOutcome Pass(ref DnsWriter writer)
    {
        writer.Authoritative = false;
        return ZoneOutcome.NotMine;
    }

    private ZoneOutcome Conclude(Found found, scoped ZoneQuestion question, ref DnsWriter writer)
    {
        _records.Conclude(found, question, ref writer);
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
}
