using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Kubeconfig;
using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>What `status` shows: each process, each node, and what is wrong.</summary>
internal static class Status
{
    private const string AgentPrefix = "agent ";

    /// <summary>As lines for a person. Exit code 1 when something is wrong or nothing runs.</summary>
    public static async Task<int> PrintAsync(string name, Output output, CancellationToken cancellationToken)
    {
        var status = await ReadAsync(name, cancellationToken);
        output.Line($"cluster {name}: {(string)status["state"]!}");
        if ((string)status["state"]! == "not running" && !status["processes"]!.AsArray().Any(process => (bool)process!["alive"]!))
        {
            output.Line($"  {Kept(name)}");
            return ExitCodes.Failed;
        }

        foreach (var process in status["processes"]!.AsArray())
        {
            var restarts = (int)process!["restarts"]!;
            var again = restarts > 0 ? $", started again {restarts} {(restarts == 1 ? "time" : "times")}, last after {(string)process["lastExit"]!}" : "";
            var role = (string)process["name"]! is var named && named == "up" ? "control plane" : named;
            output.Line($"  {role,-20} {((bool)process["alive"]! ? "running" : "not running")}  {(long)process["memoryBytes"]! / 1_000_000.0:0.0} MB{again}");
        }

        if (status["ingress"] is { } ingress)
        {
            output.Line($"  {"ingress",-20} {(string)ingress["state"]!}  {string.Join(", ", ingress["addresses"]!.AsArray())}".TrimEnd());
        }

        foreach (var node in status["nodes"]!.AsArray())
        {
            output.Line($"  node {(string)node!["name"]!,-15} {((bool)node["ready"]! ? "Ready" : "NotReady")}  {(string)node["address"]!}  pods {(string)node["podCIDR"]!}");
        }

        foreach (var problem in status["problems"]!.AsArray())
        {
            output.Line($"  problem: {(string)problem!}");
        }

        return (string)status["state"]! == "ready" ? ExitCodes.Ok : ExitCodes.Failed;
    }

    /// <summary>The same as a document.</summary>
    public static async Task<int> PrintJsonAsync(string name, Output output, CancellationToken cancellationToken)
    {
        var status = await ReadAsync(name, cancellationToken);
        output.Line(status.ToJsonString());
        return (string)status["state"]! == "ready" ? ExitCodes.Ok : ExitCodes.Failed;
    }

    /// <summary>What there is of a cluster that is at rest, and what goes on with it.</summary>
    private static string Kept(string name)
    {
        var option = name == ClusterSpec.DefaultName ? "" : $" --name {name}";
        return Specs.Load(name) is null
            ? $"`fairlead up{option}` starts one"
            : $"its objects are kept: `fairlead up{option}` goes on with them, `fairlead down{option}` removes them";
    }

    private static async Task<JsonObject> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var paths = new ClusterPaths(name);
        var runtime = Runtimes.Load(paths);
        var problems = new JsonArray();
        var processes = new JsonArray();
        foreach (var process in runtime is null ? [] : runtime.Children.Prepend(runtime.Supervisor))
        {
            var alive = ProcessTable.IsAlive(process);
            processes.Add((JsonNode)new JsonObject
            {
                ["name"] = process.Name,
                ["pid"] = process.Pid,
                ["alive"] = alive,
                ["restarts"] = process.Restarts,
                ["lastExit"] = process.LastExit,
                ["memoryBytes"] = alive ? ProcessTable.ResidentBytes(process.Pid) : 0,
            });
            if (!alive)
            {
                problems.Add((JsonNode)$"{process.Name} is not running; its log is {paths.Log(process.Name.Replace(' ', '-'))}");
            }
        }

        var running = runtime is not null && ProcessTable.IsAlive(runtime.Supervisor);
        var (nodes, ingress) = running ? await ObjectsAsync(name, paths, problems, cancellationToken) : ([], null);
        if (running && runtime!.Ready)
        {
            // There is no cluster without a node: none was heard of.
            var agents = runtime.Children.Where(child => child.Name.StartsWith(AgentPrefix, StringComparison.Ordinal)).Select(child => child.Name[AgentPrefix.Length..]);
            foreach (var problem in await PolicyStandings.ReadAsync(agents.Select(node => (node, paths.InspectSocket(node))), nodes.Count == 0, cancellationToken))
            {
                problems.Add((JsonNode)problem);
            }
        }

        var state = !running ? "not running" : !runtime!.Ready ? "starting" : problems.Count > 0 ? "degraded" : "ready";
        return new JsonObject { ["name"] = name, ["state"] = state, ["processes"] = processes, ["nodes"] = nodes, ["ingress"] = ingress, ["problems"] = problems };
    }

    private static async Task<(JsonArray Nodes, JsonObject? Ingress)> ObjectsAsync(string name, ClusterPaths paths, JsonArray problems, CancellationToken cancellationToken)
    {
        var nodes = new JsonArray();
        JsonObject? ingress = null;
        try
        {
            using var api = new KubeClient(KubeconfigReader.Read(paths.AdminKubeconfig));
            var list = await api.ListAsync(ResourceTypes.Nodes, "", ListOptions.All, cancellationToken);
            foreach (var node in list["items"]!.AsArray())
            {
                var nodeName = (string)node!["metadata"]!["name"]!;
                var ready = node["status"]?["conditions"]?.AsArray().Any(condition => (string?)condition!["type"] == "Ready" && (string?)condition["status"] == "True") == true;
                nodes.Add((JsonNode)new JsonObject
                {
                    ["name"] = nodeName,
                    ["ready"] = ready,
                    ["podCIDR"] = (string?)node["spec"]?["podCIDR"] ?? "",
                    ["address"] = (string?)node["status"]?["addresses"]?.AsArray().FirstOrDefault()?["address"] ?? "",
                });
                if (!ready)
                {
                    problems.Add((JsonNode)$"node {nodeName} is not Ready");
                }
            }

            ingress = Specs.Load(name) is { WithoutIngress: false } ? await IngressAsync(api, problems, cancellationToken) : null;
            foreach (var problem in await PolicyProblems.ReadAsync(api, cancellationToken))
            {
                problems.Add((JsonNode)problem);
            }
        }
        catch (Exception e) when (e is KubeException or HttpRequestException or IOException or FormatException)
        {
            problems.Add((JsonNode)string.Create(CultureInfo.InvariantCulture, $"the API server does not answer: {e.Message}"));
        }

        return (nodes, ingress);
    }

    private static async Task<JsonObject> IngressAsync(KubeClient api, JsonArray problems, CancellationToken cancellationToken)
    {
        var standing = await IngressStanding.ReadAsync(api, cancellationToken);
        if (standing.Problem.Length > 0)
        {
            problems.Add((JsonNode)$"Ingresses are not served: {standing.Problem}");
        }

        return new JsonObject { ["state"] = standing.State, ["addresses"] = standing.Addresses.ToJson() };
    }
}
