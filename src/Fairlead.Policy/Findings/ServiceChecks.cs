using System.Globalization;
using Fairlead.Cluster.Model;
using Fairlead.Policy.Evaluate;

namespace Fairlead.Policy.Findings;

/// <summary>Services that lead nowhere.</summary>
internal static class ServiceChecks
{
    private const string Kind = "Service";

    public static IEnumerable<Finding> Of(FindingWorld world, ServiceRow service)
    {
        if (service.Type == ServiceType.ExternalName || service.Selector is not { Count: > 0 } selector || service.Key == PolicyWorld.DnsService)
        {
            yield break;
        }

        var pods = world.Behind(service).ToList();
        if (pods.Count == 0)
        {
            var slip = Similar.Pod(Similar.Selector(selector), world.PodsOf(service.Key.Namespace));
            yield return new Finding(
                FindingCode.ServiceSelectsNothing, slip is null ? FindingSeverity.Hint : FindingSeverity.Warning, Kind, service.Key, "spec.selector",
                $"it selects pods {selector}, and there is none in namespace {service.Key.Namespace}",
                slip is { } found ? $"did you mean {found.Has}? {found.Pod.Key} has it" : "");
            yield break;
        }

        for (var i = 0; i < service.Ports.Count; i++)
        {
            if (Target(service, i, pods) is { } finding)
            {
                yield return finding;
            }
        }
    }

    /// <summary>The port that the pods are reached on, by number; null when it is a name.</summary>
    public static ushort? Number(ServicePort port) => port.TargetPort.Length == 0 ? port.Port
        : ushort.TryParse(port.TargetPort, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : null;

    private static Finding? Target(ServiceRow service, int index, List<PodRow> pods)
    {
        var port = service.Ports[index];
        var path = string.Create(CultureInfo.InvariantCulture, $"spec.ports[{index}].targetPort");
        var declared = pods.SelectMany(pod => pod.Ports).Where(own => own.Protocol == port.Protocol).ToList();
        var protocol = PolicyText.Protocol(port.Protocol);
        if (Number(port) is not { } number)
        {
            return declared.Any(own => own.Name == port.TargetPort) ? null : new Finding(
                FindingCode.TargetPortNameAbsent, FindingSeverity.Warning, Kind, service.Key, path,
                $"no pod it selects gives a {protocol} port the name {port.TargetPort}; {Declared(declared)}", DidYouMean(declared));
        }

        // A container may listen on what it does not declare: only who declares ports, and not this one, is taken at his word.
        return pods.All(pod => pod.Ports.Any(own => own.Protocol == port.Protocol) && !pod.Ports.Any(own => own.Protocol == port.Protocol && own.Port == number))
            ? new Finding(
                FindingCode.TargetPortUndeclared, FindingSeverity.Warning, Kind, service.Key, path,
                string.Create(CultureInfo.InvariantCulture, $"no pod it selects declares {protocol} {number}; {Declared(declared)}"), DidYouMean(declared))
            : null;
    }

    private static string Declared(List<ContainerPort> ports) => ports.Count == 0 ? "they declare none" : "they declare " + string.Join(", ", ports
        .DistinctBy(port => (port.Name, port.Port)).Take(4)
        .Select(port => string.Create(CultureInfo.InvariantCulture, $"{port.Port}{(port.Name.Length > 0 ? $" ({port.Name})" : "")}")));

    private static string DidYouMean(List<ContainerPort> ports) =>
        ports.Select(port => port.Port).Distinct().ToList() is [var only] ? string.Create(CultureInfo.InvariantCulture, $"did you mean {only}?") : "";
}
