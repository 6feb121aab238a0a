using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Kubernetes;

/// <summary>Record sets of the zone into a reply.</summary>
/// <param name="ttl">Seconds they may be kept.</param>
/// <param name="rotates">Addresses begin with a random one and go round, so that each is first as often as the others; false: in their own order.</param>
internal sealed class RecordWriter(uint ttl, bool rotates)
{
    /// <summary>The addresses of the family asked for.</summary>
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

    /// <summary>The addresses of both families, for the additional section.</summary>
    public void AllAddresses(scoped ReadOnlySpan<byte> owner, scoped ReadOnlySpan<NamedAddress> addresses, ref DnsWriter writer)
    {
        foreach (var address in addresses)
        {
            writer.Address(owner, ttl, address.Address);
        }
    }

    /// <summary>SRV records and their targets' addresses.</summary>
    public Found Services(scoped ReadOnlySpan<byte> owner, ServiceNames service, SrvTarget[] targets, ref DnsWriter writer)
    {
        Span<byte> target = stackalloc byte[DnsReader.MaxName];
        var weight = (ushort)Math.Max(1, 100 / Math.Max(1, targets.Length));
        foreach (var srv in targets)
        {
            writer.HasAnswered = true;
            if (!writer.Srv(owner, ttl, weight, srv.Port, Under(srv.Label, service.Name, target)))
            {
                return Found.Name;
            }
        }

        writer.Enter(Section.Additional);
        byte[]? previous = null;
        foreach (var srv in targets)
        {
            // Targets are ordered by label: several ports of one endpoint stand together.
            if (previous is null || !previous.AsSpan().SequenceEqual(srv.Label))
            {
                AllAddresses(Under(srv.Label, service.Name, target), srv.Label.Length == 0 ? service.Addresses : service.Labelled(srv.Label), ref writer);
            }

            previous = srv.Label;
        }

        return Found.Name;
    }

    /// <summary>PTR records: an endpoint has its own name under every Service it serves, a cluster address the Service's own.</summary>
    public void Pointers(scoped ReadOnlySpan<byte> owner, IpAddr address, ServiceNames[]? services, ref DnsWriter writer)
    {
        Span<byte> target = stackalloc byte[DnsReader.MaxName];
        foreach (var service in services ?? [])
        {
            foreach (var endpoint in service.Endpoints)
            {
                if (endpoint.Address == address)
                {
                    writer.HasAnswered = true;
                    writer.Name(owner, RecordType.PTR, ttl, Under(endpoint.Label, service.Name, target));
                }
            }

            if (!service.IsHeadless && service.HasAddress(address))
            {
                writer.HasAnswered = true;
                writer.Name(owner, RecordType.PTR, ttl, service.Name);
            }
        }
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

    // A label of 63 bytes below a Service's name always fits a name: 63 + 63 + 63 and a short zone; a longer one is cut off at the Service.
    private static ReadOnlySpan<byte> Under(byte[] label, byte[] service, Span<byte> scratch)
    {
        if (label.Length == 0 || 1 + label.Length + service.Length > scratch.Length)
        {
            return service;
        }

        scratch[0] = (byte)label.Length;
        label.CopyTo(scratch[1..]);
        service.CopyTo(scratch[(1 + label.Length)..]);
        return scratch[..(1 + label.Length + service.Length)];
    }
}
