using Fairlead.Dns.Chain;
using Fairlead.Dns.Config;
using Fairlead.Dns.Metrics;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Kubernetes;

/// <summary>One zone at work.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Index">Which names there are.</param>
/// <param name="Records">What they have.</param>
internal sealed record ServedZone(ZoneName Name, ZoneIndex Index, ZoneRecords Records);

/// <summary>
/// Answers for the cluster's zones and for reverse names of its addresses, as the DNS specification 1.1.0 of kubernetes/dns says and
/// CoreDNS does. Nothing is allocated.
/// </summary>
internal sealed class KubernetesZone
{
    private const int MaxAliases = 10;
    private readonly ZoneMap<ServedZone> _zones;
    private readonly ZoneSet _fallthrough;
    private readonly byte[] _primary;
    private readonly uint _ttl;
    private readonly IpNet[] _ranges;

    /// <param name="index">Which names there are under options.</param>
    /// <param name="options">In which zones, and how they are answered.</param>
    /// <param name="rotates">Sets of addresses begin anywhere (plugin <c>loadbalance</c>).</param>
    /// <exception cref="FormatException">A zone is no DNS name.</exception>
    public KubernetesZone(Func<KubernetesOptions, ZoneIndex> index, KubernetesOptions options, bool rotates)
    {
        _ttl = options.Ttl;
        _zones = new ZoneMap<ServedZone>(options.Zones.Select(zone => KeyValuePair.Create(zone, Serve(zone))));
        _primary = DnsName.Encode(options.PrimaryZone ?? "");
        _fallthrough = new ZoneSet(options.Fallthrough);
        _ranges = [.. options.OwnRanges];

        ServedZone Serve(string zone)
        {
            var own = options.IsMulticluster(zone) ? options.OfImports() : options;
            var names = index(own);
            return new ServedZone(new ZoneName(zone), names, new ZoneRecords(names, own, rotates));
        }
    }

    /// <summary>The zone that a name is the name of; null: of none.</summary>
    public ServedZone? Apex(scoped QueryName name) => _zones.TryFind(name, out var zone) && zone.Name.Labels == name.Count ? zone : null;

    /// <summary>All records of one of the zones; those of pods are left out, which may be any.</summary>
    public ZoneContents Contents(ServedZone zone) => new(zone.Index.Snapshot(), zone.Name, _primary, _ttl);

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
        if (zone.Name.IsReverse)
        {
            return AnswerReverse(zone, question, ref writer);
        }

        if (!zone.Index.Synced)
        {
            return Fail(ref writer);
        }

        writer.Authoritative = true;
        var found = zone.Records.Resolve(question, ref writer, out alias);
        if (found == Found.Alias)
        {
            return Follow(zone, question, alias, ref writer, out alias);
        }

        if (found == Found.Nothing && query.Type != RecordType.SOA && _fallthrough.Contains(name))
        {
            return Pass(ref writer);
        }

        return found == Found.Nothing && query.Type is RecordType.A or RecordType.AAAA && path.Find(question) is { } search
            ? Complete(zone, question, search, ref writer, out alias)
            : Conclude(found, zone, question, ref writer);
    }

    // What the pod's resolver would ask next is asked here: the name below the cluster's further zones, and as it stands, if that is in a zone of ours.
    private ZoneOutcome Complete(ServedZone own, scoped ZoneQuestion asked, SearchPath path, ref DnsWriter writer, out byte[] alias)
    {
        alias = [];
        var kept = asked.Before - 2;
        Span<byte> scratch = stackalloc byte[DnsReader.MaxName];
        Span<byte> wire = stackalloc byte[DnsReader.MaxName];
        Span<byte> labels = stackalloc byte[QueryName.MaxLabels];
        var stem = asked.Owner[..asked.Name.Labels(0, kept).Length];
        var inZone = false;
        for (var dropped = 1; dropped <= 3; dropped++)
        {
            var suffix = dropped == 3 ? asked.Owner[^1..] : asked.Owner[asked.Name.Labels(0, kept + dropped).Length..];
            stem.CopyTo(scratch);
            suffix.CopyTo(scratch[stem.Length..]);
            var candidate = scratch[..(stem.Length + suffix.Length)];
            var name = new QueryName(candidate, wire, labels);
            inZone = _zones.TryFind(name, out var zone) && !zone.Name.IsReverse;

            // Of a zone that nothing is known of yet the client hears when it goes on to it by itself.
            if (!inZone || !zone!.Index.Synced)
            {
                continue;
            }

            var question = Ask(zone, name, candidate, asked.Type);
            own.Records.Alias(asked.Owner, candidate, ref writer);
            var found = zone.Records.Resolve(question, ref writer, out var next);
            if (found != Found.Nothing)
            {
                writer.Plugin = DnsPlugin.Autopath;
                return found == Found.Alias ? Follow(zone, question, next, ref writer, out alias) : Conclude(found, zone, question, ref writer);
            }

            writer.Clear();
        }

        return path.Beyond is { } beyond && (beyond.Length > 0 || (kept > 1 && !inZone)) ? ZoneOutcome.Search : Conclude(Found.Nothing, own, asked, ref writer);
    }

    // The CNAME is written; a client's resolver expects what it stands for to follow.
    private ZoneOutcome Follow(ServedZone own, scoped ZoneQuestion asked, byte[] first, ref DnsWriter writer, out byte[] alias)
    {
        alias = first;
        Span<byte> wire = stackalloc byte[DnsReader.MaxName];
        Span<byte> labels = stackalloc byte[QueryName.MaxLabels];
        for (var i = 1; i <= MaxAliases; i++)
        {
            var name = new QueryName(alias, wire, labels);
            if (!_zones.TryFind(name, out var zone) || zone.Name.IsReverse)
            {
                return ZoneOutcome.Alias;
            }

            if (!zone.Index.Synced)
            {
                writer.Clear();
                return Fail(ref writer);
            }

            var question = Ask(zone, name, alias, asked.Type);
            var found = zone.Records.Resolve(question, ref writer, out var next);
            if (found != Found.Alias)
            {
                // RFC 6604: the code is that of the last name of the chain.
                return Conclude(found, zone, question, ref writer);
            }

            alias = next;
        }

        // A loop, or as good as one: it is dropped, and the name has no address (as CoreDNS).
        writer.Clear();
        return Conclude(Found.Name, own, asked, ref writer);
    }

    // A reverse zone that is fallen through has no names but those of addresses that are known, or that only the cluster could know.
    private ZoneOutcome AnswerReverse(ServedZone zone, scoped ZoneQuestion question, ref DnsWriter writer)
    {
        var known = AddressNames.TryReverse(question.Name, out var address);
        var passes = _fallthrough.Contains(question.Name);
        if (!known && passes)
        {
            return ZoneOutcome.NotMine;
        }

        if (!zone.Index.Synced)
        {
            return Fail(ref writer);
        }

        if (known && zone.Index.FindAddress(address) is { } names)
        {
            writer.Authoritative = true;
            return Conclude(zone.Records.Pointers(question, address, names, _primary, ref writer), zone, question, ref writer);
        }

        if (passes && !InCluster(address))
        {
            return ZoneOutcome.NotMine;
        }

        writer.Authoritative = true;
        return Conclude(known ? Found.Nothing : zone.Records.ResolveServer(question, ref writer), zone, question, ref writer);
    }

    private static ZoneQuestion Ask(ServedZone zone, QueryName name, ReadOnlySpan<byte> owner, RecordType type) => new()
    {
        Name = name,
        Owner = owner,
        Zone = owner[^zone.Name.Wire.Length..],
        Before = name.Count - zone.Name.Labels,
        Type = type,
    };

    private static ZoneOutcome Pass(ref DnsWriter writer)
    {
        writer.Authoritative = false;
        return ZoneOutcome.NotMine;
    }

    // Before every table has listed, what is missing may be there.
    private static ZoneOutcome Fail(ref DnsWriter writer)
    {
        writer.Authoritative = false;
        writer.Code = ResponseCode.ServFail;
        return ZoneOutcome.Answered;
    }

    private static ZoneOutcome Conclude(Found found, ServedZone zone, scoped ZoneQuestion question, ref DnsWriter writer)
    {
        zone.Records.Conclude(found, question, ref writer);
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
