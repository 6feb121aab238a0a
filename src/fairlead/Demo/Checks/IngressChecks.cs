using System.Security.Cryptography.X509Certificates;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.OneMachine;

namespace Fairlead.Demo.Checks;

/// <summary>HTTP from outside, led by host and path to Services.</summary>
internal static class IngressChecks
{
    /// <summary>The lesson's Ingress.</summary>
    public const string Name = "shop";

    private const string Host = "shop.example";
    private const string Secret = "shop-tls";
    private const int Shared = 12;

    /// <summary>The checks of the heading.</summary>
    public static IEnumerable<Check> Of(Lab lab)
    {
        IReadOnlyList<Check> checks = [.. Facts(lab), .. Paths(lab), .. Beside(lab)];
        return lab.IngressIP(Name) is null && lab.Spec.WithoutIngress ? checks.Select(check => check with { Run = _ => Task.FromResult(NotServed(lab)) }) : checks;
    }

    private static IEnumerable<Check> Facts(Lab lab)
    {
        yield return Try.Fact($"Ingress {Name}", $"its status says where it is reached: the address of Service {IngressAddon.Name}", () =>
        {
            var (shown, address) = (lab.IngressIP(Name), lab.IngressServiceIP);
            return (shown is not null && shown.Equals(address), $"status {shown?.ToString() ?? "without an address"}, Service {address?.ToString() ?? "without an address"}");
        });
    }

    private static IEnumerable<Check> Paths(Lab lab)
    {
        yield return Ask(lab, "/", "web-service-nodeport, a web pod on 3000, who is told the client's address", NodePortChecks.IsWeb);
        yield return Ask(lab, "/api/orders", "the longer prefix wins: api-service, an api-server pod on 8080, the path as it was asked for",
            result => IsApi(result) && result.SeenRequest == $"http://{Host}/api/orders");
        yield return Ask(lab, "/apis", "prefixes go by whole elements: not /api, so a web pod", NodePortChecks.IsWeb);
        yield return Try.Ask(
            $"a client that says it is 192.0.2.9 → http://{Host}/", "the pod is told the client's own address (X-Forwarded-For)", lab.Host, lab.IngressIP(Name), new WebRequest(Host, "/") { Claim = "192.0.2.9" },
            result => IsKept(lab.Host, result) && NodePortChecks.IsWeb(result));
        yield return Try.Ask("the host outside → http://other.example/, at the same address", "no Ingress names it: 404", lab.Host, lab.IngressIP(Name), new WebRequest("other.example", "/"), result => result.Status == 404);
        yield return Try.Ask($"a pod → http://{Host}/, at the same address", "a web pod on 3000", lab.Pod("default", "postgres"), lab.IngressIP(Name), new WebRequest(Host, "/"), NodePortChecks.IsWeb);
    }

    private static IEnumerable<Check> Beside(Lab lab)
    {
        yield return new Check($"the host outside → https://{Host}/", $"the certificate of Secret {Secret} for this name, another for other.example", ct => SecuredAsync(lab, ct));
        yield return new Check($"the host outside → http://{Host}/soon, whose Service has no pods", "503; the other paths go on", ct => WithoutPodsAsync(lab, ct));
        yield return new Check($"{Shared} requests → http://{Host}/api", "shared among the api-server pods, without the ClusterIP between", ct => SharedAsync(lab, ct));
    }

    private static Check Ask(Lab lab, string path, string expected, Func<ProbeResult, bool> held) =>
        Try.Ask($"the host outside → http://{Host}{path}", expected, lab.Host, lab.IngressIP(Name), new WebRequest(Host, path), result => held(result) && IsKept(lab.Host, result));

    private static bool IsApi(ProbeResult result) =>
        result.Pod.StartsWith("api-server-", StringComparison.Ordinal) && result.Namespace == "default" && result.ServerPort == 8080;

    /// <summary>The pod was told of the client, as its own socket has it.</summary>
    private static bool IsKept(Vantage client, ProbeResult result) => result.ForwardedFor == $"{client.Address}";

    private static async Task<Seen> SecuredAsync(Lab lab, CancellationToken cancellationToken)
    {
        if (lab.IngressIP(Name) is not { } address)
        {
            return Try.NoAddress;
        }

        using var trusted = await CertificateAsync(lab.Api, cancellationToken);
        var request = new WebRequest(Host, "/") { Trusted = trusted };
        var named = await Probe.UntilAsync(lab.Host, address, request, NodePortChecks.IsWeb, cancellationToken);
        var other = await Probe.OnceAsync(lab.Host, address, request with { Host = "other.example" }, cancellationToken);
        return Seen.When(NodePortChecks.IsWeb(named) && named.SeenRequest == $"https://{Host}/" && other.Outcome == Outcome.Untrusted, $"{named}; {other}");
    }

    private static async Task<X509Certificate2> CertificateAsync(IKubeApi api, CancellationToken cancellationToken)
    {
        var secret = await api.GetAsync(ResourceTypes.Secrets, "default", Secret, cancellationToken);
        return X509Certificate2.CreateFromPem(System.Text.Encoding.ASCII.GetString(Convert.FromBase64String(secret.Text("data", "tls.crt"))));
    }

    private static async Task<Seen> WithoutPodsAsync(Lab lab, CancellationToken cancellationToken)
    {
        if (lab.IngressIP(Name) is not { } address)
        {
            return Try.NoAddress;
        }

        var both = await Task.WhenAll(
            Probe.UntilAsync(lab.Host, address, new WebRequest(Host, "/soon"), result => result.Status == 503, cancellationToken),
            Probe.UntilAsync(lab.Host, address, new WebRequest(Host, "/"), NodePortChecks.IsWeb, cancellationToken));
        return Seen.When(both[0].Status == 503 && NodePortChecks.IsWeb(both[1]), $"{both[0]}; {both[1]}");
    }

    private static async Task<Seen> SharedAsync(Lab lab, CancellationToken cancellationToken)
    {
        if (lab.IngressIP(Name) is not { } address)
        {
            return Try.NoAddress;
        }

        var request = new WebRequest(Host, "/api");
        var first = await Probe.UntilAsync(lab.Host, address, request, IsApi, cancellationToken);
        ProbeResult[] all = IsApi(first)
            ? [first, .. await Task.WhenAll(Enumerable.Range(1, Shared - 1).Select(_ => Probe.OnceAsync(lab.Host, address, request, cancellationToken)))]
            : [first];
        var pods = lab.PodsOf("default", "api-server");
        var counts = pods.Select(pod => all.Count(result => result.Pod == pod.Name)).ToList();
        var held = all.All(IsApi) && counts.TrueForAll(count => count > 0) && counts.Sum() == all.Length;
        return Seen.When(held, $"{all.Count(IsApi)} of {all.Length} answered, by pod {string.Join(" and ", counts)}; so {all[^1]}");
    }

    private static Seen NotServed(Lab lab) => new(
        Verdict.NotTried,
        $"this cluster serves no Ingresses (--no-ingress): `fairlead down --keep-state{NameOption(lab.Spec)}`, then `fairlead up --detach --no-ingress=false{NameOption(lab.Spec)}`, and run the demo again");

    private static string NameOption(ClusterSpec spec) => spec.Name == ClusterSpec.DefaultName ? "" : $" --name {spec.Name}";
}
