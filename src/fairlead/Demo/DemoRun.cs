using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Fairlead.Demo.Checks;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Kubeconfig;
using Fairlead.Linux;
using Fairlead.OneMachine;
using Fairlead.Terminal;

namespace Fairlead.Demo;

/// <summary>What the user asked of <c>demo</c>.</summary>
/// <param name="Cluster">The cluster's name.</param>
/// <param name="Only">The headings to run; empty for all.</param>
/// <param name="Json">A document instead of lines.</param>
internal sealed record DemoRequest(string Cluster, IReadOnlyList<string> Only, bool Json);

/// <summary>Runs the lesson: a cluster if there is none, its objects where they are missing, then every statement as a check. All of it stays.</summary>
internal static class DemoRun
{
    private static readonly TimeSpan PodsLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan AddressLimit = TimeSpan.FromSeconds(5);

    /// <summary>The longest a check may take, whatever it waits for.</summary>
    private static readonly TimeSpan CheckLimit = TimeSpan.FromSeconds(40);

    /// <summary>Runs it; exit code 1 when a check failed.</summary>
    /// <exception cref="UserError">The cluster does not start, or the lesson's pods do not.</exception>
    public static async Task<int> RunAsync(DemoRequest request, Output output, CancellationToken cancellationToken)
    {
        Preflight.Check();
        ISteps steps = request.Json ? new WarningsOnly(output) : new ConsoleSteps(output);
        IDemoPrinter printer = request.Json ? new JsonPrinter(output) : output.IsTerminal ? new GridPrinter(output) : new LinePrinter(output);
        if (!Up.IsRunning(request.Cluster))
        {
            await Up.StartDetachedAsync(new UpRequest { Name = request.Cluster }, steps, cancellationToken);
        }

        var watch = Stopwatch.StartNew();
        var spec = Specs.Load(request.Cluster) ?? throw new UserError($"the specification of cluster {request.Cluster} is gone", "`fairlead down` clears what is left of it");
        var kubeconfig = new ClusterPaths(request.Cluster).AdminKubeconfig;
        using var api = new KubeClient(KubeconfigReader.Read(kubeconfig));
        using var kubectl = new Kubectl(kubeconfig);
        try
        {
            await PrepareAsync(api, spec, steps, cancellationToken);
            var results = new List<CheckResult>();
            foreach (var heading in Heading.All.Where(heading => request.Only.Count == 0 || request.Only.Contains(heading.Key)))
            {
                var lab = await Lab.ReadAsync(api, spec, cancellationToken);
                var run = await RunAsync(heading, [.. ChecksOf(heading, lab, kubectl)], cancellationToken);
                printer.Print(heading, run);
                results.AddRange(run);
            }

            printer.End(spec, results, watch.Elapsed);
            return results.Exists(result => result.Seen.Verdict == Verdict.Failed) ? ExitCodes.Failed : ExitCodes.Ok;
        }
        catch (Exception e) when (e is KubeException or HttpRequestException)
        {
            throw new UserError($"the API server does not do what the demo asks: {e.Message}", $"`fairlead status --name {request.Cluster}` shows what is wrong");
        }
    }

    private static IEnumerable<Check> ChecksOf(Heading heading, Lab lab, Kubectl kubectl) => heading.Key switch
    {
        "network" => NetworkChecks.Of(lab),
        "clusterip" => ClusterIPChecks.Of(lab),
        "nodeport" => NodePortChecks.Of(lab),
        "loadbalancer" => LoadBalancerChecks.Of(lab),
        "ingress" => IngressChecks.Of(lab),
        "headless" => HeadlessChecks.Of(lab),
        "dns" => DnsChecks.Of(lab, kubectl),
        "policy" => PolicyChecks.Of(lab),
        _ => TakeawayChecks.Of(lab),
    };

    /// <summary>Creates what is missing and waits until it is there.</summary>
    private static async Task PrepareAsync(KubeClient api, ClusterSpec spec, ISteps steps, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var (all, created) = await LessonObjects.CreateMissingAsync(api, cancellationToken);
        var lesson = LessonObjects.Read();
        var pods = Names(lesson, "Pod");
        var deployments = Names(lesson, "Deployment");
        var running = await Conditions.WaitAsync(api, ResourceTypes.Deployments, "", items => AllOf(items, deployments, IsAvailable), PodsLimit, cancellationToken)
            && await Conditions.WaitAsync(api, ResourceTypes.Pods, "", items => AllOf(items, pods, IsReady), PodsLimit, cancellationToken);
        if (!running)
        {
            throw new UserError($"the lesson's pods are not ready after {PodsLimit.TotalSeconds:0} s", "`kubectl get pods -A` shows which, `kubectl describe pod` why");
        }

        // Without it the demo goes on: the checks say what is missing.
        await Conditions.WaitAsync(api, ResourceTypes.Services, "default", items => HasAddress(items, "web-service-lb"), AddressLimit, cancellationToken);
        if (!spec.WithoutIngress)
        {
            await Conditions.WaitAsync(api, ResourceTypes.Ingresses, "default", items => HasAddress(items, IngressChecks.Name), AddressLimit, cancellationToken);
        }

        steps.Done($"the lesson's {all} objects, {created} of them created now", watch.Elapsed);
    }

    private static bool HasAddress(IEnumerable<JsonObject> items, string name) =>
        items.Any(item => item.Text("metadata", "name") == name && item.Objects("status", "loadBalancer", "ingress").Any());

    private static HashSet<string> Names(IEnumerable<JsonObject> documents, string kind) => [.. documents.Where(document => document.Text("kind") == kind).Select(Name)];

    private static string Name(JsonObject document) =>
        $"{(document.Text("metadata", "namespace") is { Length: > 0 } ns ? ns : "default")}/{document.Text("metadata", "name")}";

    private static bool AllOf(IEnumerable<JsonObject> items, HashSet<string> names, Func<JsonObject, bool> wanted) =>
        items.Count(item => names.Contains(Name(item)) && wanted(item)) == names.Count;

    private static bool IsAvailable(JsonObject deployment) =>
        deployment.Number(0, "status", "availableReplicas") >= deployment.Number(0, "spec", "replicas")
        && deployment.Number(0, "status", "observedGeneration") >= deployment.Number(0, "metadata", "generation");

    private static bool IsReady(JsonObject pod) =>
        pod.Objects("status", "conditions").Any(condition => condition.Text("type") == "Ready" && condition.Text("status") == "True");

    /// <summary>All at once, then one by one those that must be alone; the results in the order of the checks.</summary>
    private static async Task<IReadOnlyList<CheckResult>> RunAsync(Heading heading, IReadOnlyList<Check> checks, CancellationToken cancellationToken)
    {
        var results = new CheckResult[checks.Count];
        async Task RunOneAsync(int i) => results[i] = await RunAsync(heading, checks[i], cancellationToken);
        await Task.WhenAll(Enumerable.Range(0, checks.Count).Where(i => !checks[i].Alone).Select(RunOneAsync));
        foreach (var i in Enumerable.Range(0, checks.Count).Where(i => checks[i].Alone))
        {
            await RunOneAsync(i);
        }

        return results;
    }

    private static async Task<CheckResult> RunAsync(Heading heading, Check check, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        using var limit = new CancellationTokenSource(CheckLimit, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        Seen seen;
        try
        {
            seen = await check.Run(both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            seen = Seen.When(false, $"nothing within {CheckLimit.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is KubeException or HttpRequestException or IOException or SocketException or LinuxException or UserError)
        {
            seen = Seen.When(false, e.Message);
        }

        return new CheckResult(heading, check, seen, watch.Elapsed);
    }
}
