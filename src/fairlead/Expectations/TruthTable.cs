using System.Globalization;
using Fairlead.Cluster.Model;
using Fairlead.Inspect;
using Fairlead.Linux.Addresses;
using Fairlead.Offline;

namespace Fairlead.Expectations;

/// <summary>Who reaches whom, at each port that somebody declares: a row for each who opens, a column for each destination. Pure.</summary>
internal static class TruthTable
{
    /// <summary>The tables, a heading above each. <c>.</c> allowed, <c>X</c> denied, <c>-</c> itself.</summary>
    public static IEnumerable<string> Lines(ClusterView view)
    {
        var policies = new RelevantPolicies(view.World);
        var groups = Groups(view);
        var ports = groups.SelectMany(group => group.Pods.SelectMany(pod => pod.Ports)).Select(port => (port.Protocol, port.Port)).Distinct().OrderBy(port => port.Protocol).ThenBy(port => port.Port);
        foreach (var (protocol, port) in ports)
        {
            yield return "";
            yield return string.Create(CultureInfo.InvariantCulture, $"{protocol.ToString().ToLowerInvariant()} {port}: from (row) to (column); . allowed, X denied, - itself");
            var columns = groups.Select((_, index) => (index + 1).ToString(CultureInfo.InvariantCulture)).ToArray();
            var rows = groups.Select((from, index) => (string[])[columns[index], from.Name, .. groups.Select(to => Cell(policies, view, from.Pods, to.Pods, protocol, port))]).ToList();
            var outside = (string[])["", "outside", .. groups.Select(to => Cell(policies, view.Outside, to.Pods, protocol, port))];
            foreach (var line in InspectionTable.Align([["", "", .. columns], .. rows, outside]))
            {
                yield return line;
            }
        }
    }

    private static List<(string Name, IReadOnlyList<PodRow> Pods)> Groups(ClusterView view) =>
        [.. view.World.Pods.Values.Where(pod => !pod.Finished && pod.IPs.Count > 0).GroupBy(view.NameOf).OrderBy(group => group.Min(pod => pod.Key))
            .Select(group => (group.Key, (IReadOnlyList<PodRow>)[.. group.OrderBy(pod => pod.Key)]))];

    private static string Cell(RelevantPolicies policies, ClusterView view, IReadOnlyList<PodRow> from, IReadOnlyList<PodRow> to, IpProtocol protocol, ushort port)
    {
        var others = from.SelectMany(source => to.Where(target => target.Key != source.Key).SelectMany(target => view.Families.Select(family => (source, target, family)))).ToList();
        return others.Count == 0 ? "-" : Mark(others.Select(pair => policies.Evaluate(Address(pair.source, pair.family), Address(pair.target, pair.family), protocol, port).Allowed));
    }

    private static string Cell(RelevantPolicies policies, IReadOnlyList<IpAddr> from, IReadOnlyList<PodRow> to, IpProtocol protocol, ushort port) =>
        Mark(from.SelectMany(source => to.Select(target => policies.Evaluate(source, Address(target, source.Family), protocol, port).Allowed)));

    private static string Mark(IEnumerable<bool> allowed)
    {
        var seen = allowed.Distinct().ToList();
        return seen.Count == 2 ? "?" : seen.Count == 1 && seen[0] ? "." : "X";
    }

    private static IpAddr Address(PodRow pod, IpFamily family) => pod.IPs.FirstOrDefault(address => address.Family == family);
}
