using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Kubernetes;

/// <summary>Record sets of the zone into a reply.</summary>
/// <param name="ttl">Seconds a client may keep them.</param>
/// <param name="rotates">Sets of addresses begin anywhere; otherwise they stand in their order.</param>
internal sealed class RecordWriter(uint ttl, bool rotates)
{
    private const uint MaxNegativeTtl = 300;
    private const uint VersionTtl = 28800;

    /// <summary>The name of the server, up to the zone.</summary>
    public static ReadOnlySpan<byte> Server => "\u0002ns\u0003dns"u8;

    private static ReadOnlySpan<byte> Mailbox => "\u000Ahostmaster"u8;

    /// <summary>The version of the specification that the zone follows.</summary>
    public static bool Version(scoped ReadOnlySpan<byte> owner, ref DnsWriter writer) => writer.Text(owner, RecordType.TXT, VersionTtl, "1.1.0"u8, default);

    /// <summary>The zone's SOA record.</summary>
    public bool Soa(scoped ReadOnlySpan<byte> zone, uint serial, ref DnsWriter writer)
    {
        Span<byte> server = stackalloc byte[DnsReader.MaxName];
        Span<byte> mailbox = stackalloc byte[DnsReader.MaxName];
        return writer.Soa(zone, Math.Min(ttl, MaxNegativeTtl), Under(default, Server, zone, server), Under(default, Mailbox, zone, mailbox), serial, ttl);
    }

    /// <summary>The addresses of the family asked for, from a random one on and round: each is first as often as the others.</summary>
    public Found Addresses(scoped ReadOnlySpan<byte> owner, scoped ReadOnlySpan<NamedAddress> addresses, RecordType type, ref DnsWriter writer)
    {
        if (type is RecordType.A or RecordType.AAAA && !addresses.IsEmpty)
        {
            var start = addresses.Length == 1 || !rotates ? 0 : Random.Shared.Next(addresses.Length);
            AddressesOf(owner, addresses[start..], type == RecordType.A, ref writer);
            AddressesOf(owner, addresses[..start], type == RecordType.A, ref writer);
        }

        return Found.Name;
    }

    /// <summary>The addresses of both families, for the additional section; false when one found no room any more.</summary>
    public bool AllAddresses(scoped ReadOnlySpan<byte> owner, scoped ReadOnlySpan<NamedAddress> addresses, ref DnsWriter writer)
    {
        foreach (var address in addresses)
        {
            if (!writer.Address(owner, ttl, address.Address))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>SRV records and their targets' addresses. Of the addresses those are left out for which there is no room (RFC 2181 §9: that is no TC).</summary>
    public Found Services(
        scoped ZoneQuestion question, ServiceNames service, scoped ReadOnlySpan<SrvTarget> targets, ushort weight, ref DnsWriter writer)
    {
        Span<byte> target = stackalloc byte[DnsReader.MaxName];
        foreach (var srv in targets)
        {
            writer.HasAnswered = true;
            if (!writer.Srv(question.Owner, ttl, weight, srv.Port, Under(srv.Label, service.Stem, question.Zone, target)))
            {
                return Found.Name;
            }
        }

        writer.Enter(Section.Additional);
        byte[]? previous = null;
        foreach (var srv in targets)
        {
            // Targets are ordered by label: several ports of one endpoint stand together.
            if (!ReferenceEquals(previous, srv.Label)
                && !AllAddresses(
                    Under(srv.Label, service.Stem, question.Zone, target), srv.Label.Length == 0 ? service.Addresses : service.Labelled(srv.Label), ref writer))
            {
                break;
            }

            previous = srv.Label;
        }

        return Found.Name;
    }

    /// <summary>PTR records: an endpoint has its own name under every Service it serves, a cluster address the Service's own.</summary>
    /// <param name="owner">The reverse name.</param>
    /// <param name="address">What it spells.</param>
    /// <param name="services">Who names the address.</param>
    /// <param name="zone">The zone the names are of.</param>
    /// <param name="writer">The reply.</param>
    public void Pointers(scoped ReadOnlySpan<byte> owner, IpAddr address, ServiceNames[] services, scoped ReadOnlySpan<byte> zone, ref DnsWriter writer)
    {
        Span<byte> target = stackalloc byte[DnsReader.MaxName];
        foreach (var service in services)
        {
            foreach (var endpoint in service.Endpoints)
            {
                if (endpoint.Address == address)
                {
                    writer.HasAnswered = true;
                    writer.Name(owner, RecordType.PTR, ttl, Under(endpoint.Label, service.Stem, zone, target));
                }
            }

            if (!service.IsHeadless && service.HasAddress(address))
            {
                writer.HasAnswered = true;
                writer.Name(owner, RecordType.PTR, ttl, Under([], service.Stem, zone, target));
            }
        }
    }

    /// <summary>
    /// The name <c>label.stem.zone</c> in the scratch. One longer than names may be (63 + 63 + 63 and a long zone) is cut off at the Service: to be asked for,
    /// it would have to be a name.
    /// </summary>
    public static ReadOnlySpan<byte> Under(scoped ReadOnlySpan<byte> label, scoped ReadOnlySpan<byte> stem, scoped ReadOnlySpan<byte> zone, Span<byte> scratch)
    {
        if (stem.Length + zone.Length > scratch.Length)
        {
            stem = default;
        }

        if (label.Length + stem.Length + zone.Length > scratch.Length)
        {
            label = default;
        }

        label.CopyTo(scratch);
        stem.CopyTo(scratch[label.Length..]);
        var length = label.Length + stem.Length;
        zone.CopyTo(scratch[length..]);
        return scratch[..(length + zone.Length)];
    }

    private void AddressesOf(scoped ReadOnlySpan<byte> owner, scoped ReadOnlySpan<NamedAddress> addresses, bool v4, ref DnsWriter writer)
    {
        foreach (var address in addresses)
        {
            if (address.Address.IsV4 == v4)
            {
                writer.HasAnswered = true;
                if (!writer.Address(owner, ttl, address.Address))
                {
                    return;
                }
            }
        }
    }
}
