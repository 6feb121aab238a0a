using System.Net;

namespace Fairlead.Demo.Checks;

/// <summary>Who may reach the API of namespace production, and what it may reach.</summary>
internal static class PolicyChecks
{
    /// <summary>The checks of the heading.</summary>
    public static IEnumerable<Check> Of(Lab lab)
    {
        var api = lab.Pod("production", "api-server");
        var node = lab.Nodes.First(node => node.Name == api.Node);
        var frontend = lab.Pod("production", "web-frontend");
        var batch = lab.Pod("production", "batch");
        var prometheus = lab.Pod("monitoring", "prometheus");
        var postgres = lab.Pod("production", "postgres");
        var web = lab.Pod("default", "web");
        return [.. Default(lab, batch, postgres, web), .. Ingress(lab, api, node, frontend, batch, prometheus, web), .. Egress(lab, api, frontend, batch, postgres)];
    }

    private static IEnumerable<Check> Default(Lab lab, Vantage batch, Vantage postgres, Vantage web)
    {
        yield return Allowed("by default: production/batch → production/postgres:5432", batch, postgres, 5432);
        yield return Allowed("by default: default/web → production/postgres:9187", web, postgres, 9187);
        yield return Allowed("by default: monitoring/prometheus → default/postgres:5432", lab.Pod("monitoring", "prometheus"), lab.Pod("default", "postgres"), 5432);
    }

    private static IEnumerable<Check> Ingress(Lab lab, Vantage api, Vantage node, Vantage frontend, Vantage batch, Vantage prometheus, Vantage web)
    {
        yield return Allowed("production/web-frontend → production/api-server:8080", frontend, api, 8080);
        yield return Allowed("monitoring/prometheus → production/api-server:9090", prometheus, api, 9090);
        yield return Try.Reach(
            "production/web-frontend → http://api-service/, the Service", "production/api-server on 8080, source kept", frontend, lab.ClusterIP("api-service", "production"), 80,
            result => result.Pod == api.Name && result.ServerPort == 8080 && result.SourceKept);
        yield return Try.KeptOut("production/web-frontend → production/api-server:9090", frontend, api, 9090, prometheus);
        yield return Try.KeptOut("monitoring/prometheus → production/api-server:8080", prometheus, api, 8080, frontend);
        yield return Try.KeptOut("production/batch → production/api-server:8080", batch, api, 8080, frontend);
        yield return Try.KeptOut("default/web → production/api-server:8080", web, api, 8080, frontend);
        yield return new Check(
            "production/batch → api-service:80, the Service", "no answer: the policy is the pod's, not the address's",
            ct => ThroughServiceAsync(batch, lab.ClusterIP("api-service", "production")!, ct));
        yield return Try.Reach($"a process on {node.Name} → production/api-server:8080", "it answers: a node always reaches its pods", node, api.Address, 8080, result => result.Pod == api.Name);
    }

    private static IEnumerable<Check> Egress(Lab lab, Vantage api, Vantage frontend, Vantage batch, Vantage postgres)
    {
        foreach (var tcp in new[] { false, true })
        {
            yield return Try.Resolve(
                $"production/api-server asks DNS over {(tcp ? "TCP" : "UDP")}", "an answer", api, "api-service", found => found.Addresses.Count == 1, tcp);
        }

        yield return Allowed("production/api-server → production/postgres:5432", api, postgres, 5432);
        yield return Try.KeptOut("production/api-server → production/postgres:9187", api, postgres, 9187, frontend);
        yield return Try.KeptOut("production/api-server → production/batch:8080", api, batch, 8080, frontend);
        yield return Try.KeptOut("production/api-server → default/postgres:5432, another namespace's", api, lab.Pod("default", "postgres"), 5432, frontend);
    }

    private static Check Allowed(string tried, Vantage from, Vantage to, int port) =>
        Try.Reach(tried, "it answers, source kept", from, to.Address, port, result => result.Pod == to.Name && result.SourceKept);

    private static async Task<Seen> ThroughServiceAsync(Vantage from, IPAddress service, CancellationToken cancellationToken)
    {
        var result = await Probe.OnceAsync(from, service, 80, cancellationToken);
        return Seen.When(result.Outcome == Outcome.Silent, $"{result}");
    }
}
