using System.Diagnostics;
using System.Globalization;
using System.Net.NetworkInformation;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.OneMachine;

namespace Fairlead.Demo.Checks;

/// <summary>Every pod an address of its own, every pod reached by every other without NAT, and by its node; a Service stays while its pods are replaced.</summary>
internal static class NetworkChecks
{
    private static readonly TimeSpan ReplacementLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan FollowLimit = TimeSpan.FromSeconds(3);

    /// <summary>The checks of the heading.</summary>
    public static IEnumerable<Check> Of(Lab lab)
    {
        yield return Try.Fact("the addresses of the lesson's pods", "each pod its own, on its own link", () => OwnAddresses(lab));
        foreach (var from in lab.TwoNodes)
        {
            foreach (var to in lab.TwoNodes)
            {
                yield return PodToPod(lab, from, to);
            }
        }

        yield return new Check("every pod that no policy selects → every other one", "all answer, every source kept: no NAT", ct => EveryPairAsync(lab, ct));
        foreach (var node in lab.TwoNodes)
        {
            yield return new Check($"a process on {node.Name} → every pod there", "all answer, those with a policy too, and saw the node's address", ct => NodeToPodsAsync(lab, node, ct));
        }

        yield return new Check(
            "an api-server pod is deleted; a pod → api-service:80", "the same address; the new pod answers for the old", ct => StaysAsync(lab, ct))
        { Alone = true };
    }

    private static (bool Held, string Text) OwnAddresses(Lab lab)
    {
        var wrong = lab.Pods.Where(pod => !pod.Open(NetworkInterface.GetAllNetworkInterfaces).SelectMany(link => link.GetIPProperties().UnicastAddresses)
            .Any(address => address.Address.Equals(pod.Address))).Select(pod => $"{pod.Name} does not have {pod.Address}").ToList();
        var distinct = lab.Pods.Select(pod => pod.Address).Distinct().Count();
        var byNode = lab.Pods.GroupBy(pod => pod.Node).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => string.Create(CultureInfo.InvariantCulture, $"{group.Count()} on {group.Key}"));
        return (wrong.Count == 0 && distinct == lab.Pods.Count, string.Join("; ", [$"{lab.Pods.Count} pods, {distinct} addresses ({string.Join(", ", byNode)})", .. wrong]));
    }

    private static Check PodToPod(Lab lab, Vantage fromNode, Vantage toNode)
    {
        var from = lab.PodOn(fromNode);
        var to = lab.OpenPods.FirstOrDefault(pod => pod.Node == toNode.Name && pod != from);
        var tried = fromNode == toNode ? $"a pod on {fromNode.Name} → another pod there, by its address" : $"a pod on {fromNode.Name} → a pod on {toNode.Name}, by its address";
        return Try.Reach(
            tried, "that pod answers, source kept", to is null ? null : from, to?.Address, to is null ? 1 : Lab.PortOf(to), result => result.Pod == to?.Name && result.SourceKept);
    }

    private static async Task<Seen> EveryPairAsync(Lab lab, CancellationToken cancellationToken)
    {
        var pairs = from one in lab.OpenPods from other in lab.OpenPods where one != other select (From: one, To: other);
        var results = await Task.WhenAll(pairs.Select(async pair =>
        {
            var result = await Probe.UntilAsync(pair.From, pair.To.Address, Lab.PortOf(pair.To), result => result.Answered, cancellationToken);
            return (Held: result.SourceKept && result.Pod == pair.To.Name, Result: result);
        }));
        return Summary(results, "with the source kept");
    }

    private static async Task<Seen> NodeToPodsAsync(Lab lab, Vantage node, CancellationToken cancellationToken)
    {
        var pods = lab.Pods.Where(pod => pod.Node == node.Name).ToList();
        if (pods.Count == 0)
        {
            return Try.NoPod;
        }

        var results = await Task.WhenAll(pods.Select(async pod =>
        {
            var result = await Probe.UntilAsync(node, pod.Address, Lab.PortOf(pod), result => result.Answered, cancellationToken);
            return (Held: result.Pod == pod.Name && result.SourceKept && result.Client.StartsWith($"{node.Address}:", StringComparison.Ordinal), Result: result);
        }));
        return Summary(results, "each by the pod itself");
    }

    private static Seen Summary((bool Held, ProbeResult Result)[] results, string how)
    {
        var bad = results.Where(result => !result.Held).Select(result => result.Result).ToList();
        var counted = $"{results.Length - bad.Count} of {results.Length} answered {how}";
        return Seen.When(bad.Count == 0, bad.Count == 0 ? $"{counted}; so {results[^1].Result}" : $"{counted}; not so {bad[0]}");
    }

    private static async Task<Seen> StaysAsync(Lab lab, CancellationToken cancellationToken)
    {
        var (client, old) = (lab.Pod("default", "web"), lab.Pod("default", "api-server"));
        var wanted = lab.PodsOf("default", "api-server").Count;
        await lab.Api.DeleteAsync(ResourceTypes.Pods, "default", old.Name, null, cancellationToken);
        if (!await Conditions.WaitAsync(lab.Api, ResourceTypes.EndpointSlices, "default", slices => Ready(slices).Order().ToList() is var names
            && names.Count == wanted && !names.Contains(old.Name), ReplacementLimit, cancellationToken))
        {
            return Seen.When(false, $"{old.Name} was deleted and nobody took its place");
        }

        var now = await Lab.ReadAsync(lab.Api, lab.Spec, cancellationToken);
        var expected = now.PodsOf("default", "api-server").Select(pod => pod.Name).ToHashSet();
        var address = lab.ClusterIP("api-service")!;
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var results = await Probe.ManyAsync(client, address, 80, 24, cancellationToken);
            var answered = results.Select(result => result.Pod).ToHashSet();
            var held = expected.SetEquals(answered) && !expected.Contains(old.Name) && address.Equals(now.ClusterIP("api-service"));
            if (held || watch.Elapsed > FollowLimit)
            {
                return Seen.When(held, $"{old.Name} is gone; at {address}:80 now {string.Join(" and ", answered.Order(StringComparer.Ordinal))}; so {results[^1]}");
            }
        }
    }

    private static IEnumerable<string> Ready(IEnumerable<JsonObject> slices) => slices
        .Where(slice => slice.Text("metadata", "labels", "kubernetes.io/service-name") == "api-service")
        .SelectMany(slice => slice.Objects("endpoints")).Where(endpoint => endpoint.Flag("conditions", "ready")).Select(endpoint => endpoint.Text("targetRef", "name"));
}
