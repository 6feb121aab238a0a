using System.Globalization;
using Fairlead.Linux.Addresses;
using Fairlead.Policy;

namespace Fairlead.Reachability;

/// <summary>Ports that no policy and no container tells apart: what is true of one is true of all.</summary>
/// <param name="Protocol">Their protocol.</param>
/// <param name="Port">One of them.</param>
/// <param name="Text">As people read them.</param>
internal sealed record PortClass(IpProtocol Protocol, ushort Port, string Text)
{
    private static readonly IpProtocol[] Protocols = [IpProtocol.Tcp, IpProtocol.Udp, IpProtocol.Sctp];

    /// <summary>
    /// The ports that the policies and containers of these worlds name, each range of them by itself, and for each protocol one class of all others.
    /// </summary>
    public static IReadOnlyList<PortClass> Of(params IReadOnlyList<PolicyWorld> worlds)
    {
        var named = worlds.SelectMany(Named).Concat(worlds.SelectMany(Declared)).Distinct().ToList();
        return [.. Protocols.SelectMany(protocol => Of(protocol, [.. named.Where(range => range.Protocol == protocol).Select(range => (range.First, range.Last))]))];
    }

    private static IEnumerable<PortClass> Of(IpProtocol protocol, List<(int First, int Last)> ranges)
    {
        // Where a range begins or has just ended, something may change; in between nothing can.
        var edges = ranges.SelectMany(range => new[] { range.First, range.Last + 1 }).Append(1).Append(ushort.MaxValue + 1).Distinct().Order().ToList();
        var name = protocol.ToString().ToLowerInvariant();
        var other = default(int?);
        for (var i = 0; i + 1 < edges.Count; i++)
        {
            var (first, last) = (edges[i], edges[i + 1] - 1);
            if (!ranges.Exists(range => range.First <= first && last <= range.Last))
            {
                other ??= first;
                continue;
            }

            var text = first == last ? string.Create(CultureInfo.InvariantCulture, $"{first}/{name}") : string.Create(CultureInfo.InvariantCulture, $"{first}-{last}/{name}");
            yield return new PortClass(protocol, (ushort)first, text);
        }

        if (other is { } port)
        {
            yield return new PortClass(protocol, (ushort)port, ranges.Count == 0 ? $"any/{name}" : $"any other/{name}");
        }
    }

    private static IEnumerable<(IpProtocol Protocol, int First, int Last)> Named(PolicyWorld world) =>
        world.Policies.Values.SelectMany(policy => policy.Ingress.Concat(policy.Egress)).SelectMany(rule => rule.Ports)
            .Concat(world.ClusterPolicies.Values.SelectMany(policy => policy.Ingress.Concat(policy.Egress)).SelectMany(rule => rule.Ports))
            .Where(port => port.Port > 0).Select(port => (port.Protocol, (int)port.Port, (int)Math.Max(port.Port, port.EndPort)));

    private static IEnumerable<(IpProtocol Protocol, int First, int Last)> Declared(PolicyWorld world) =>
        world.Pods.Values.SelectMany(pod => pod.Ports).Select(port => (port.Protocol, (int)port.Port, (int)port.Port));
}
