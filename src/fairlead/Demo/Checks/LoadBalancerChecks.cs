using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;

namespace Fairlead.Demo.Checks;

/// <summary>An address for clients outside, with a node port and a ClusterIP behind it.</summary>
internal static class LoadBalancerChecks
{
    private const string Name = "web-service-lb";
    private const string CloudAnnotation = "service.beta.kubernetes.io/aws-load-balancer-type";

    /// <summary>The checks of the heading.</summary>
    public static IEnumerable<Check> Of(Lab lab)
    {
        var (first, last) = lab.Spec.V4.LoadBalancers;
        yield return Try.Fact($"Service {Name}", $"an address from {first} to {last}", () =>
        {
            var address = lab.BalancerIP(Name);
            return (address is not null && IpAddr.From(address) is var given && given >= first && given <= last, address is null ? "no address" : $"{address}");
        });
        yield return Try.Fact("its annotations for one cloud", "kept as they are, no harm done", () =>
        {
            var kept = lab.Service(Name).Text("metadata", "annotations", CloudAnnotation);
            return (kept == "nlb" && lab.BalancerIP(Name) is not null, $"aws-load-balancer-type: {kept}; the address came all the same");
        });
        yield return Try.Fact("its node ports and ClusterIP, which nobody asked for", "made automatically, a node port for each port", () =>
        {
            var ports = lab.Service(Name).Objects("spec", "ports").Select(port => port.Number(0, "nodePort")).ToList();
            return (ports.Count == 2 && ports.TrueForAll(port => port is >= 30000 and <= 32767) && ports.Distinct().Count() == 2 && lab.ClusterIP(Name) is not null,
                $"{lab.ClusterIP(Name)}, 80:{lab.NodePort(Name, 80)}, 443:{lab.NodePort(Name, 443)}");
        });
        foreach (var port in new[] { 80, 443 })
        {
            yield return Try.Reach($"the host outside → its address, port {port}", "a web pod on 3000", lab.Host, lab.BalancerIP(Name), port, NodePortChecks.IsWeb);
            yield return Try.Reach(
                $"the host outside → {lab.Nodes[0].Name}, its node port for {port}", "a web pod on 3000", lab.Host, lab.Nodes[0].Address, lab.NodePort(Name, port), NodePortChecks.IsWeb);
            yield return Try.Reach(
                $"a pod → its ClusterIP, port {port}", "a web pod on 3000, source kept", lab.Pod("default", "postgres"), lab.ClusterIP(Name), port,
                result => NodePortChecks.IsWeb(result) && result.SourceKept);
        }
    }
}
