using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;

namespace Fairlead.Demo.Checks;

/// <summary>The usual Service: an address inside the cluster, for several ports, and for nobody outside.</summary>
internal static class ClusterIPChecks
{
    private const string Name = "api-service";
    private const int Connections = 24;

    /// <summary>The checks of the heading.</summary>
    public static IEnumerable<Check> Of(Lab lab)
    {
        var address = lab.ClusterIP(Name);
        yield return Try.Fact($"Service {Name}", $"type ClusterIP, an address of {lab.Spec.V4.Services}", () => Inside(lab, Name, "default"));
        yield return Try.Fact($"Service production/{Name}, which names no type", "type ClusterIP: the default", () => Inside(lab, Name, "production"));
        foreach (var node in lab.TwoNodes)
        {
            yield return Try.Reach(
                $"a pod on {node.Name} → {Name}:80", "an api-server pod on 8080, source kept", lab.PodOn(node), address, 80, result => IsApi(result, 8080) && result.SourceKept);
            yield return Try.Reach(
                $"a pod on {node.Name} → {Name}:9090", "an api-server pod on 9090, source kept", lab.PodOn(node), address, 9090, result => IsApi(result, 9090) && result.SourceKept);
        }

        yield return new Check($"{Connections} connections from a pod → {Name}:80", "every pod of the Service gets some", ct => SharedAsync(lab, ct));
        yield return Try.Reach($"a process on {lab.Nodes[0].Name} → {Name}:80", "an api-server pod on 8080", lab.Nodes[0], address, 80, result => IsApi(result, 8080));
        yield return Try.Reach(
            $"a pod → {Name}:81, a port it does not have", "refused at once", lab.Pod("default", "web"), address, 81, result => result.Outcome == Outcome.Refused);
        yield return Try.Reach($"the host outside → {Name}:80", "no way there", lab.Host, address, 80, result => !result.Answered);
    }

    private static (bool Held, string Text) Inside(Lab lab, string name, string ns)
    {
        var service = lab.Service(name, ns);
        var ports = string.Join(", ", service.Objects("spec", "ports").Select(port => $"{port.Text("name")} {port.IntOrText("port")} → {port.IntOrText("targetPort")}"));
        var held = service.Text("spec", "type") == "ClusterIP" && lab.ClusterIP(name, ns) is { } address && lab.Spec.V4.Services.Contains(IpAddr.From(address))
            && service.Objects("spec", "ports").All(port => port.At("nodePort") is null);
        return (held, $"{service.Text("spec", "type")} {service.Text("spec", "clusterIP")}, {ports}");
    }

    private static bool IsApi(ProbeResult result, int port) => result.Pod.StartsWith("api-server-", StringComparison.Ordinal) && result.ServerPort == port;

    private static async Task<Seen> SharedAsync(Lab lab, CancellationToken cancellationToken)
    {
        var results = lab.ClusterIP(Name) is { } address ? await Probe.ManyAsync(lab.Pod("default", "web"), address, 80, Connections, cancellationToken) : [];
        var shares = results.Where(result => result.Answered).GroupBy(result => result.Pod).OrderBy(group => group.Key, StringComparer.Ordinal).ToList();
        var expected = lab.PodsOf("default", "api-server").Select(pod => pod.Name);
        var held = results.Count == Connections && results.All(result => result.Answered) && expected.ToHashSet().SetEquals(shares.Select(share => share.Key));
        var example = results.FirstOrDefault(result => !result.Answered) ?? (results.Count > 0 ? results[0] : null);
        return Seen.When(held, $"{string.Join(", ", shares.Select(share => $"{share.Key} {share.Count()}"))}; so {example}");
    }
}
