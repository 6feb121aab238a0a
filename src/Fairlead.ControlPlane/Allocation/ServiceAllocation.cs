using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Allocation;

/// <summary>
/// Gives Services their cluster addresses, node ports and health check ports. The truth is in the stored Services: this is rebuilt from
/// them at start (<see cref="Restore"/>). Safe for concurrent writers.
/// </summary>
public sealed class ServiceAllocation
{
    private readonly Lock _lock = new();
    private readonly AddressBook _addresses;
    private readonly NumberPool _ports;
    private readonly ClusterRanges _ranges;
    private readonly IReadOnlyList<IpFamily> _families;
    private readonly StoredAddresses? _stored;

    /// <summary>Makes an allocator with everything free.</summary>
    /// <param name="ranges">The cluster's ranges.</param>
    /// <param name="random">Where searches begin; null: unpredictable.</param>
    public ServiceAllocation(ClusterRanges ranges, Random? random = null)
        : this(ranges, null, random)
    {
    }

    /// <summary>As above; addresses then come from the ranges of the stored ServiceCIDRs, and never those that a stored IPAddress names.</summary>
    internal ServiceAllocation(ClusterRanges ranges, StoredAddresses? stored, Random? random = null)
    {
        random ??= Random.Shared;
        _ranges = ranges;
        _families = [.. ranges.Families];
        _stored = stored;
        _addresses = new AddressBook(random) { Ranges = ranges.Services };
        var size = ranges.LastNodePort - ranges.FirstNodePort + 1;
        _ports = new NumberPool((ulong)ranges.FirstNodePort, (ulong)ranges.LastNodePort, StaticPortBand(size), random);
    }

    /// <summary>Takes what stored Services hold.</summary>
    /// <param name="services">All stored Services.</param>
    /// <returns>One sentence for each address or port that two Services hold, or that lies outside the ranges; to be logged.</returns>
    public IReadOnlyList<string> Restore(IEnumerable<JsonObject> services)
    {
        var problems = new List<string>();
        lock (_lock)
        {
            _addresses.Ranges = _stored?.Ranges ?? _ranges.Services;
            foreach (var service in services)
            {
                var claims = ServiceClaims.Of(service);
                var name = $"service {service.Text("metadata", "namespace")}/{service.Text("metadata", "name")}";
                var doubtful = claims.Addresses.Where(address => !_addresses.TryTake(address) || !_addresses.Contains(address)).Select(address => $"{address}")
                    .Concat(claims.Ports.Where(port => !_ports.TryTake((ulong)port)).Select(port => $"node port {port}"));
                problems.AddRange(doubtful.Select(claim => $"{name}: {claim} is held twice or out of range"));
            }
        }

        return problems;
    }

    /// <summary>
    /// Completes families, addresses and ports of a Service that is about to be written, after <see cref="KindDefinition.Prepare"/> and before
    /// <see cref="KindDefinition.Validate"/>. A dry run takes nothing. On faults nothing is taken either.
    /// </summary>
    /// <param name="service">The new document; changed in place.</param>
    /// <param name="old">The stored document; null on create.</param>
    /// <param name="context">The write.</param>
    /// <param name="errors">Takes the faults: an address or port in use or out of range, a family the cluster does not have.</param>
    /// <returns>To be committed once the write is stored, and always to be disposed.</returns>
    public Reservation Prepare(JsonObject service, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        var reservation = new Reservation(_lock);
        if (context.Subresource.Length > 0)
        {
            return reservation;
        }

        var before = errors.Count;
        ServiceFamilies.Complete(service, old, _families, errors);
        if (errors.Count > before)
        {
            return reservation;
        }

        lock (_lock)
        {
            var held = ServiceClaims.Of(old);
            _addresses.Ranges = _stored?.Ranges ?? _ranges.Services;
            new AddressTaker(_addresses, address => _stored?.IsReserved(address) == true, held, reservation, errors).Take(service);
            new PortTaker(_ports, _ranges, held, reservation, errors).Take(service);
            GiveBackUnused(service, held, reservation);
        }

        if (context.DryRun || errors.Count > before)
        {
            reservation.Dispose();
        }

        return reservation;
    }

    /// <summary>Frees what a Service held that is gone.</summary>
    public void Release(JsonObject service)
    {
        lock (_lock)
        {
            Release(ServiceClaims.Of(service));
        }
    }

    /// <summary>How many of the lowest node ports are kept for requests (KEP-3668): min(max(16, size/32), 128), none in tiny ranges.</summary>
    internal static ulong StaticPortBand(int size) => size < 16 ? 0 : (ulong)Math.Min(Math.Max(16, size / 32), 128);

    private void GiveBackUnused(JsonObject service, ServiceClaims held, Reservation reservation)
    {
        var wanted = ServiceClaims.Of(service);
        var unused = new ServiceClaims(held.Addresses.Except(wanted.Addresses).ToHashSet(), held.Ports.Except(wanted.Ports).ToHashSet());
        reservation.OnCommit(() => Release(unused));
    }

    private void Release(ServiceClaims claims)
    {
        foreach (var address in claims.Addresses)
        {
            _addresses.Release(address);
        }

        foreach (var port in claims.Ports)
        {
            _ports.Release((ulong)port);
        }
    }
}
