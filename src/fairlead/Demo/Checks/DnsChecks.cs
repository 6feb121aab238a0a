namespace Fairlead.Demo.Checks;

/// <summary>Names of Services, as pods ask for them.</summary>
internal static class DnsChecks
{
    private const string Zone = "svc.cluster.local";
    private const string Name = "api-service";

    /// <summary>The checks of the heading.</summary>
    /// <param name="lab">The lesson.</param>
    /// <param name="kubectl">For the one check that names it.</param>
    public static IEnumerable<Check> Of(Lab lab, Kubectl kubectl)
    {
        var here = lab.ClusterIP(Name)!;
        var there = lab.ClusterIP(Name, "production")!;
        yield return Try.Fact("a pod's resolv.conf", $"nameserver {lab.Spec.V4.DnsService}, the search list, ndots:5", () => Conf(lab));
        foreach (var node in lab.TwoNodes)
        {
            yield return Is($"a pod on {node.Name} asks for {Name}", "default's, by the search list", lab.PodOn(node), Name, here);
            yield return Is(
                $"a pod on {node.Name} asks for {Name}.production.{Zone}", "production's, from another namespace", lab.PodOn(node),
                $"{Name}.production.{Zone}", there);
        }

        yield return Is($"a pod of default asks for {Name}.production", "production's, by the short form", lab.Pod("default", "web"), $"{Name}.production", there);
        yield return Is($"a pod of production asks for {Name}", "its own namespace's", lab.Pod("production", "web-frontend"), Name, there);
        yield return Is($"a pod of monitoring asks for {Name}.default.{Zone}", "default's", lab.Pod("monitoring", "prometheus"), $"{Name}.default.{Zone}", here);
        yield return Is($"the same over TCP", "the same", lab.Pod("monitoring", "prometheus"), $"{Name}.default.{Zone}.", here, tcp: true);
        yield return new Check($"every Service of the lesson, as NAME.NAMESPACE.{Zone}", "its ClusterIP, or its pods", ct => EveryAsync(lab, ct));
        yield return Try.Resolve(
            $"a pod asks for no-such-service.default.{Zone}", "no such name", lab.Pod("default", "web"), $"no-such-service.default.{Zone}.", found => found.Code == DnsMessage.NoSuchName);
        yield return new Check($"a pod → http://{Name}/, by name", "an api-server pod on 8080, source kept", ct => ByNameAsync(lab, ct));
        yield return new Check(
            "kubectl run dns-test --image=busybox:1.36 --rm -it -- nslookup api-service", $"server {lab.Spec.V4.DnsService}:53, {Name}.default.{Zone}, {here}",
            ct => NslookupAsync(lab, kubectl, ct));
    }

    // By which full name it was found is the resolver's affair: the node's DNS may complete a shorter one at once (autopath). The address says whose it is.
    private static Check Is(string tried, string expected, Vantage? pod, string asked, System.Net.IPAddress address, bool tcp = false) =>
        Try.Resolve(tried, expected, pod, asked, found => found.Addresses is [var only] && only.Equals(address), tcp);

    private static (bool Held, string Text) Conf(Lab lab)
    {
        var lines = File.ReadAllLines(lab.Pod("default", "web").ResolvConf);
        var held = lines.Contains($"nameserver {lab.Spec.V4.DnsService}") && Array.Exists(lines, line => line.StartsWith($"search default.{Zone} {Zone} cluster.local", StringComparison.Ordinal))
            && Array.Exists(lines, line => line.StartsWith("options", StringComparison.Ordinal) && line.Contains("ndots:5", StringComparison.Ordinal));
        return (held, string.Join("; ", lines));
    }

    private static async Task<Seen> EveryAsync(Lab lab, CancellationToken cancellationToken)
    {
        (string Name, string Namespace)[] services =
            [(Name, "default"), ("web-service-nodeport", "default"), ("web-service-lb", "default"), ("postgres-headless", "default"), (Name, "production")];
        var asked = await Task.WhenAll(services.Select(async service =>
        {
            bool Right(Resolution found) => lab.ClusterIP(service.Name, service.Namespace) is { } address
                ? found.Addresses is [var only] && only.Equals(address)
                : HeadlessChecks.Same(found.Addresses, lab.PodsOf("default", "postgres"));
            var found = await Try.ResolveUntilAsync(lab.Pod("monitoring", "prometheus"), $"{service.Name}.{service.Namespace}.{Zone}.", false, Right, cancellationToken);
            return (Held: Right(found), Text: $"{service.Name}.{service.Namespace} = {string.Join(' ', found.Addresses)}", Found: found);
        }));
        return Seen.When(asked.All(one => one.Held), $"{string.Join(", ", asked.Select(one => one.Text))}; so {asked[^1].Found}");
    }

    private static async Task<Seen> ByNameAsync(Lab lab, CancellationToken cancellationToken)
    {
        var client = lab.Pod("default", "web");
        var found = await Try.ResolveUntilAsync(client, Name, false, found => found.Addresses.Count == 1, cancellationToken);
        if (found.Addresses.Count != 1)
        {
            return Seen.When(false, $"{found}");
        }

        var result = await Probe.UntilAsync(client, found.Addresses[0], 80, result => result.Answered, cancellationToken);
        return Seen.When(result.ServerPort == 8080 && result.SourceKept, $"{found.Name}; {result}");
    }

    /// <summary>Real busybox asks for the other suffixes too and exits 1 on their NXDOMAIN, on any cluster: what counts is what it prints.</summary>
    private static async Task<Seen> NslookupAsync(Lab lab, Kubectl kubectl, CancellationToken cancellationToken)
    {
        if (!kubectl.IsFound)
        {
            return new Seen(Verdict.NotTried, "there is no kubectl on PATH; this one check needs it");
        }

        // A demo that was interrupted may have left one.
        await kubectl.RunAsync(["delete", "pod", "dns-test", "--ignore-not-found", "--now"], cancellationToken);
        var printed = await kubectl.RunAsync(["run", "dns-test", "--image=busybox:1.36", "--rm", "-it", "--", "nslookup", Name], cancellationToken);
        var words = printed.Split((char[])[' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        var held = Follows(words, "Server:", $"{lab.Spec.V4.DnsService}") && Follows(words, "Address:", $"{lab.Spec.V4.DnsService}:53")
            && Follows(words, "Name:", $"{Name}.default.{Zone}") && Follows(words, "Address:", $"{lab.ClusterIP(Name)}");
        var answer = words.SkipWhile(word => word != "Server:").TakeWhile(word => !word.StartsWith("**", StringComparison.Ordinal));
        return Seen.When(held, string.Join(' ', held ? answer : words.DefaultIfEmpty("nothing")));
    }

    private static bool Follows(string[] words, string label, string value) => words.Zip(words.Skip(1)).Contains((label, value));
}
