using System.Globalization;
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
    private readonly IReadOnlyList<AddressPool> _addresses;
    private readonly NumberPool _ports;
    private readonly ClusterRanges _ranges;
    private readonly IReadOnlyList<IpFamily> _families;

    /// <summary>Makes an allocator with everything free.</summary>
    /// <param name="ranges">The cluster's ranges.</param>
    /// <param name="random">Where searches begin; null: unpredictable.</param>
    public ServiceAllocation(ClusterRanges ranges, Random? random = null)
    {
        random ??= Random.Shared;
        _ranges = ranges;
        _families = [.. ranges.Families];
        _addresses = [.. ranges.Services.Select(range => new AddressPool(range, random))];
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
            foreach (var service in services)
            {
                var claims = ServiceClaims.Of(service);
                var name = $"service {service.Text("metadata", "namespace")}/{service.Text("metadata", "name")}";
                problems.AddRange(claims.Addresses.Where(address => !TryTake(address)).Select(address => $"{name}: {address} is held twice or out of range"));
                problems.AddRange(claims.Ports.Where(port => !_ports.TryTake((ulong)port)).Select(port => $"{name}: node port {port} is held twice or out of range"));
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
        lock (_lock)
        {
            var held = ServiceClaims.Of(old);
            TakeAddresses(service, held, reservation, errors);
            TakePorts(service, held, reservation, errors);
            TakeHealthPort(service, held, reservation, errors);
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

    private void TakeAddresses(JsonObject service, ServiceClaims held, Reservation reservation, FieldErrors errors)
    {
        if (ServiceTraits.IsExternalName(service))
        {
            return;
        }

        var spec = service.Ensure("spec");
        if (ServiceTraits.IsHeadless(service))
        {
            spec["clusterIPs"] = new JsonArray("None");
            return;
        }

        var addresses = spec.List("clusterIPs").Texts().ToList();
        var families = spec.List("ipFamilies").Texts().ToArray();
        for (var index = 0; index < families.Length; index++)
        {
            if (index < addresses.Count)
            {
                TakeAddress(addresses[index], index, held, reservation, errors);
            }
            else if (TakeAnyAddress(families[index], reservation, errors) is { } address)
            {
                addresses.Add(address);
            }
        }

        if (addresses.Count > 0)
        {
            spec["clusterIP"] = addresses[0];
            spec["clusterIPs"] = new JsonArray([.. addresses.Select(address => (JsonNode)address)]);
        }
    }

    private void TakeAddress(string text, int index, ServiceClaims held, Reservation reservation, FieldErrors errors)
    {
        // A text that is no address is a matter of validation.
        if (!IpAddr.TryParse(text, out var address) || held.Addresses.Contains(address))
        {
            return;
        }

        var field = FieldPath.Spec.Child("clusterIPs").Index(index);
        if (_addresses.FirstOrDefault(pool => pool.Contains(address)) is not { } pool)
        {
            var ranges = string.Join(", ", _addresses.Select(item => item.Range).Where(range => range.Address.IsV4 == address.IsV4));
            errors.Invalid(field, text, $"failed to allocate IP {text}: the provided network does not match the current range, which is {ranges}");
        }
        else if (!pool.TryTake(address))
        {
            errors.Invalid(field, text, $"failed to allocate IP {text}: provided IP is already allocated");
        }
        else
        {
            reservation.Taken(() => pool.Release(address));
        }
    }

    private string? TakeAnyAddress(string family, Reservation reservation, FieldErrors errors)
    {
        if (_addresses.FirstOrDefault(pool => pool.Range.Address.Family.Name == family) is not { } pool)
        {
            return null;
        }

        if (pool.TakeAny() is not { } address)
        {
            errors.Add(new(FieldErrorType.Internal, "spec.clusterIPs", null, $"range {pool.Range} is full"));
            return null;
        }

        reservation.Taken(() => pool.Release(address));
        return address.ToString();
    }

    private void TakePorts(JsonObject service, ServiceClaims held, Reservation reservation, FieldErrors errors)
    {
        if (!ServiceTraits.NeedsNodePorts(service) && !ServiceTraits.MayHaveNodePorts(service))
        {
            return;
        }

        // One number may serve several protocols of the same Service (KEP-1435).
        var given = new Dictionary<int, List<string>>();
        var ports = service.List("spec", "ports").Items().ToArray();
        foreach (var (index, port) in ports)
        {
            if (port.Number("nodePort") is { } number and not 0)
            {
                TakePort(port, (int)Math.Clamp(number, int.MinValue, int.MaxValue), FieldPath.Spec.Child("ports").Index(index).Child("nodePort"), given, held, reservation, errors);
            }
        }

        if (!ServiceTraits.NeedsNodePorts(service))
        {
            return;
        }

        foreach (var (index, port) in ports.Where(item => item.Item.Number("nodePort") is null or 0))
        {
            var number = ShareNodePort(port, ports, given) ?? TakeAnyPort(FieldPath.Spec.Child("ports").Index(index).Child("nodePort"), reservation, errors);
            if (number is { } found)
            {
                port["nodePort"] = found;
                Remember(given, found, port);
            }
        }
    }

    private void TakePort(
        JsonObject port, int number, FieldPath field, Dictionary<int, List<string>> given, ServiceClaims held, Reservation reservation, FieldErrors errors)
    {
        var seen = given.ContainsKey(number);
        Remember(given, number, port);
        if (!seen && !held.Ports.Contains(number))
        {
            TakePort(number, field, reservation, errors);
        }
    }

    private void TakePort(int number, FieldPath field, Reservation reservation, FieldErrors errors)
    {
        if (number < _ranges.FirstNodePort || number > _ranges.LastNodePort)
        {
            errors.Invalid(field, number, string.Create(
                CultureInfo.InvariantCulture,
                $"provided port is not in the valid range. The range of valid ports is {_ranges.FirstNodePort}-{_ranges.LastNodePort}"));
        }
        else if (!_ports.TryTake((ulong)number))
        {
            errors.Invalid(field, number, "provided port is already allocated");
        }
        else
        {
            reservation.Taken(() => _ports.Release((ulong)number));
        }
    }

    private int? TakeAnyPort(FieldPath field, Reservation reservation, FieldErrors errors)
    {
        if (!_ports.TryTakeAny(out var number))
        {
            errors.Add(new(FieldErrorType.Internal, field.Text, null, "failed to allocate a nodePort: range is full"));
            return null;
        }

        reservation.Taken(() => _ports.Release(number));
        return (int)number;
    }

    /// <summary>The node port of another protocol on the same port, which serves this one too.</summary>
    private static int? ShareNodePort(JsonObject port, IEnumerable<(int Index, JsonObject Item)> ports, Dictionary<int, List<string>> given) => ports
        .Where(other => other.Item != port && other.Item.Number("port") == port.Number("port"))
        .Select(other => (int?)other.Item.Number("nodePort"))
        .FirstOrDefault(number => number is { } found and not 0 && given.TryGetValue(found, out var protocols) && !protocols.Contains(Protocol(port)));

    private static void Remember(Dictionary<int, List<string>> given, int number, JsonObject port)
    {
        if (!given.TryGetValue(number, out var protocols))
        {
            given[number] = protocols = [];
        }

        protocols.Add(Protocol(port));
    }

    private static string Protocol(JsonObject port) => port.Text("protocol") ?? "TCP";

    private void TakeHealthPort(JsonObject service, ServiceClaims held, Reservation reservation, FieldErrors errors)
    {
        if (!ServiceTraits.NeedsHealthPort(service))
        {
            return;
        }

        var spec = service.Ensure("spec");
        var field = FieldPath.Spec.Child("healthCheckNodePort");
        if (spec.Number("healthCheckNodePort") is { } number and not 0)
        {
            if (!held.Ports.Contains((int)number))
            {
                TakePort((int)number, field, reservation, errors);
            }
        }
        else if (TakeAnyPort(field, reservation, errors) is { } found)
        {
            spec["healthCheckNodePort"] = found;
        }
    }

    private void GiveBackUnused(JsonObject service, ServiceClaims held, Reservation reservation)
    {
        var wanted = ServiceClaims.Of(service);
        var unused = new ServiceClaims(held.Addresses.Except(wanted.Addresses).ToHashSet(), held.Ports.Except(wanted.Ports).ToHashSet());
        reservation.OnCommit(() => Release(unused));
    }

    private bool TryTake(IpAddr address) => _addresses.Any(pool => pool.TryTake(address));

    private void Release(ServiceClaims claims)
    {
        foreach (var address in claims.Addresses)
        {
            foreach (var pool in _addresses)
            {
                pool.Release(address);
            }
        }

        foreach (var port in claims.Ports)
        {
            _ports.Release((ulong)port);
        }
    }
}
