using System.Net;
using Fairlead.Kube.Documents;

namespace Fairlead.Demo.Checks;

/// <summary>A Service without an address: its name is its pods.</summary>
internal static class HeadlessChecks
{
    private const string Name = "postgres-headless";

    /// <summary>The checks of the heading.</summary>
    public static IEnumerable<Check> Of(Lab lab)
    {
        var pods = lab.PodsOf("default", "postgres");
        var address = lab.Service(Name).Text("spec", "clusterIP");
        yield return Try.Fact($"Service {Name}", "clusterIP None, no address", () => (address == "None", $"clusterIP {address}"));
        foreach (var node in lab.TwoNodes)
        {
            yield return Try.Resolve($"a pod on {node.Name} asks for {Name}", "the addresses of its pods", lab.PodOn(node), Name, found => Same(found.Addresses, pods));
        }

        foreach (var pod in pods)
        {
            yield return new Check($"a pod → {pod.Name}.{Name}:5432", "that very pod, source kept", ct => ByNameAsync(lab, pod, ct));
        }
    }

    /// <summary>The addresses are those of the pods, all of them, in any order.</summary>
    public static bool Same(IReadOnlyList<IPAddress> addresses, IReadOnlyList<Vantage> pods) =>
        pods.Count > 0 && addresses.Count == pods.Count && addresses.ToHashSet().SetEquals(pods.Select(pod => pod.Address));

    private static async Task<Seen> ByNameAsync(Lab lab, Vantage pod, CancellationToken cancellationToken)
    {
        var client = lab.Pod("default", "web");
        var found = await Try.ResolveUntilAsync(client, $"{pod.Name}.{Name}", false, found => found.Addresses.Count == 1, cancellationToken);
        if (found.Addresses.Count != 1)
        {
            return Seen.When(false, $"{found}");
        }

        var result = await Probe.UntilAsync(client, found.Addresses[0], 5432, result => result.Answered, cancellationToken);
        return Seen.When(result.Pod == pod.Name && result.SourceKept, $"{found.Name} = {found.Addresses[0]}; {result}");
    }
}
