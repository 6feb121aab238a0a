using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;

namespace Fairlead.ControlPlane.Allocation;

/// <summary>
/// Takes the node ports and the health check port of one Service for one write; its caller holds the lock of the pool.
/// One number may serve several protocols of the same Service (KEP-1435).
/// </summary>
internal sealed class PortTaker(NumberPool pool, ClusterRanges ranges, ServiceClaims held, Reservation reservation, FieldErrors errors)
{
    private static readonly FieldPath HealthPort = FieldPath.Spec.Child("healthCheckNodePort");

    private readonly Dictionary<int, List<string>> _protocols = [];

    public void Take(JsonObject service)
    {
        if (ServiceTraits.MayHaveNodePorts(service))
        {
            var ports = service.List("spec", "ports").Items().ToArray();
            TakeGiven(ports);
            if (ServiceTraits.NeedsNodePorts(service))
            {
                TakeMissing(ports);
            }
        }

        if (ServiceTraits.NeedsHealthPort(service))
        {
            TakeHealthPort(service.Ensure("spec"));
        }
    }

    private void TakeGiven((int Index, JsonObject Port)[] ports)
    {
        foreach (var (index, port) in ports)
        {
            if (Number(port) is not { } number)
            {
                continue;
            }

            var isNew = !_protocols.ContainsKey(number) && !held.Ports.Contains(number);
            Remember(number, port);
            if (isNew)
            {
                Take(number, Field(index));
            }
        }
    }

    private void TakeMissing((int Index, JsonObject Port)[] ports)
    {
        foreach (var (index, port) in ports)
        {
            if (Number(port) is null && (Share(port, ports) ?? TakeAny(Field(index))) is { } number)
            {
                port["nodePort"] = number;
                Remember(number, port);
            }
        }
    }

    private void TakeHealthPort(JsonObject spec)
    {
        if (spec.Number("healthCheckNodePort") is { } number and not 0)
        {
            if (!held.Ports.Contains((int)number))
            {
                Take((int)number, HealthPort);
            }
        }
        else if (TakeAny(HealthPort) is { } found)
        {
            spec["healthCheckNodePort"] = found;
        }
    }

    private void Take(int number, FieldPath field)
    {
        if (number < ranges.FirstNodePort || number > ranges.LastNodePort)
        {
            errors.Invalid(field, number, string.Create(
                CultureInfo.InvariantCulture,
                $"provided port is not in the valid range. The range of valid ports is {ranges.FirstNodePort}-{ranges.LastNodePort}"));
        }
        else if (!pool.TryTake((ulong)number))
        {
            errors.Invalid(field, number, "provided port is already allocated");
        }
        else
        {
            reservation.Taken(() => pool.Release((ulong)number));
        }
    }

    private int? TakeAny(FieldPath field)
    {
        if (!pool.TryTakeAny(out var number))
        {
            errors.Add(new(FieldErrorType.Internal, field.Text, null, "failed to allocate a nodePort: range is full"));
            return null;
        }

        reservation.Taken(() => pool.Release(number));
        return (int)number;
    }

    /// <summary>The node port of another protocol on the same port, if it can serve this one too.</summary>
    private int? Share(JsonObject port, IEnumerable<(int Index, JsonObject Port)> ports) => ports
        .Where(other => other.Port != port && other.Port.Number("port") == port.Number("port"))
        .Select(other => Number(other.Port))
        .FirstOrDefault(number => number is { } found && _protocols.TryGetValue(found, out var protocols) && !protocols.Contains(Protocol(port)));

    private void Remember(int number, JsonObject port)
    {
        if (!_protocols.TryGetValue(number, out var protocols))
        {
            _protocols[number] = protocols = [];
        }

        protocols.Add(Protocol(port));
    }

    /// <summary>The node port that the document says; null when it says none.</summary>
    private static int? Number(JsonObject port) => port.Number("nodePort") is { } number and not 0 ? (int)number : null;

    private static string Protocol(JsonObject port) => port.Text("protocol") ?? "TCP";

    private static FieldPath Field(int index) => FieldPath.Spec.Child("ports").Index(index).Child("nodePort");
}
