using System.Diagnostics;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.Demo.Checks;

/// <summary>What the lesson ends with, each in one experiment.</summary>
internal static class TakeawayChecks
{
    private const string Closed = "fairlead-demo-closed";
    private static readonly TimeSpan FollowLimit = TimeSpan.FromSeconds(5);

    /// <summary>The checks of the heading.</summary>
    public static IEnumerable<Check> Of(Lab lab)
    {
        var inside = lab.ClusterIP("web-service-nodeport");
        yield return Try.Reach("internal only: the host outside → the ClusterIP of web-service-nodeport", "no way there", lab.Host, inside, 80, result => !result.Answered);
        yield return Try.Reach("a static port: the host outside → the same Service, node port 30080", "a web pod", lab.Host, lab.Nodes[0].Address, 30080, NodePortChecks.IsWeb);
        yield return Try.Reach("a load balancer: the host outside → web-service-lb's address", "a web pod", lab.Host, lab.BalancerIP("web-service-lb"), 80, NodePortChecks.IsWeb);
        yield return new Check("discovery: every pod asks for api-service.default.svc.cluster.local", "all get the same address", ct => DiscoveryAsync(lab, ct));
        yield return new Check("headless: a pod asks for postgres-headless and for api-service", "the pods of one, one address for the other", ct => BothKindsAsync(lab, ct));
        yield return new Check("zero trust: every pod → production/api-server, ports 8080 and 9090", "web-frontend on 8080 and prometheus on 9090, nobody else", ct => ZeroTrustAsync(lab, ct));
        yield return new Check(
            "a policy for default/postgres that allows nobody, for a moment", "an answer before, silence under it, an answer after", ct => ClosedForAMomentAsync(lab, ct))
        { Alone = true };
    }

    private static async Task<Seen> DiscoveryAsync(Lab lab, CancellationToken cancellationToken)
    {
        var address = lab.ClusterIP("api-service");
        bool Right(Resolution found) => found.Addresses is [var only] && only.Equals(address);
        var found = await Task.WhenAll(lab.Pods.Select(pod => Try.ResolveUntilAsync(pod, "api-service.default.svc.cluster.local.", false, Right, cancellationToken)));
        var wrong = Array.Find(found, one => !Right(one));
        return Seen.When(wrong is null, $"{found.Count(Right)} of {found.Length} pods got {address}{(wrong is null ? $"; so {found[^1]}" : $"; not so {wrong}")}");
    }

    private static async Task<Seen> BothKindsAsync(Lab lab, CancellationToken cancellationToken)
    {
        var (pod, pods) = (lab.Pod("default", "web"), lab.PodsOf("default", "postgres"));
        var headless = await Try.ResolveUntilAsync(pod, "postgres-headless", false, found => HeadlessChecks.Same(found.Addresses, pods), cancellationToken);
        var usual = await Try.ResolveUntilAsync(pod, "api-service", false, found => found.Addresses.Count == 1, cancellationToken);
        var held = HeadlessChecks.Same(headless.Addresses, pods) && usual.Addresses is [var only] && only.Equals(lab.ClusterIP("api-service"));
        return Seen.When(held, $"{headless}; {usual}");
    }

    private static async Task<Seen> ZeroTrustAsync(Lab lab, CancellationToken cancellationToken)
    {
        var api = lab.Pod("production", "api-server");
        static bool IsAllowed(Vantage pod, int port) => (pod.Namespace, pod.App, port) is ("production", "web-frontend", 8080) or ("monitoring", "prometheus", 9090);
        var attempts = await Task.WhenAll(
            from pod in lab.OpenPods
            from port in (int[])[8080, 9090]
            select AttemptAsync(pod, port));
        async Task<(Vantage Pod, int Port, ProbeResult Result)> AttemptAsync(Vantage pod, int port) => (pod, port, IsAllowed(pod, port)
            ? await Probe.UntilAsync(pod, api.Address, port, result => result.Answered, cancellationToken)
            : await Probe.OnceAsync(pod, api.Address, port, cancellationToken));
        var wrong = Array.Find(attempts, attempt => attempt.Result.Answered != IsAllowed(attempt.Pod, attempt.Port));
        var answered = attempts.Where(attempt => attempt.Result.Answered && IsAllowed(attempt.Pod, attempt.Port)).Select(attempt => $"{attempt.Result}");
        return Seen.When(wrong.Result is null, wrong.Result is null ? $"{attempts.Length} tries, {answered.Count()} answers: {string.Join("; ", answered)}" : $"{wrong.Result}");
    }

    private static async Task<Seen> ClosedForAMomentAsync(Lab lab, CancellationToken cancellationToken)
    {
        var (client, target) = (lab.Pod("default", "web"), lab.Pod("default", "postgres"));
        await OpenAsync(lab);
        var before = await Probe.UntilAsync(client, target.Address, 5432, result => result.Answered, cancellationToken);
        ProbeResult under;
        try
        {
            await lab.Api.CreateAsync(ResourceTypes.NetworkPolicies, "default", Nobody(), cancellationToken);
            var watch = Stopwatch.StartNew();
            do
            {
                under = await Probe.OnceAsync(client, target.Address, 5432, cancellationToken);
            }
            while (under.Answered && watch.Elapsed < FollowLimit);
        }
        finally
        {
            await OpenAsync(lab);
        }

        var after = await Probe.UntilAsync(client, target.Address, 5432, result => result.Answered, cancellationToken);
        return Seen.When(before.Answered && under.Outcome == Outcome.Silent && after.Answered, $"{under}; without it {after}");
    }

    private static JsonObject Nobody() => new()
    {
        ["apiVersion"] = "networking.k8s.io/v1",
        ["kind"] = "NetworkPolicy",
        ["metadata"] = new JsonObject { ["name"] = Closed },
        ["spec"] = new JsonObject
        {
            ["podSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = "postgres" } },
            ["policyTypes"] = new JsonArray("Ingress"),
        },
    };

    /// <summary>Also when the demo was interrupted: the policy is not the lesson's.</summary>
    private static async Task OpenAsync(Lab lab)
    {
        try
        {
            await lab.Api.DeleteAsync(ResourceTypes.NetworkPolicies, "default", Closed, null, CancellationToken.None);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // As it should be.
            return;
        }
    }
}
