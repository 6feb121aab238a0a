using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.Demo.Checks;

/// <summary>The same port on every node, for clients outside.</summary>
internal static class NodePortChecks
{
    private const string Name = "web-service-nodeport";
    private const string Chosen = "web-service-demo";
    private const int First = 30000;
    private const int Last = 32767;

    /// <summary>The checks of the heading.</summary>
    public static IEnumerable<Check> Of(Lab lab)
    {
        yield return Try.Fact($"Service {Name}", "node port 30080 as asked, and a ClusterIP beside it", () =>
        {
            var service = lab.Service(Name);
            return (service.Text("spec", "type") == "NodePort" && lab.NodePort(Name, 80) == 30080 && lab.ClusterIP(Name) is not null,
                $"{service.Text("spec", "type")} {service.Text("spec", "clusterIP")}, 80:{lab.NodePort(Name, 80)}");
        });
        foreach (var node in lab.Nodes)
        {
            yield return Try.Reach($"the host outside → {node.Name}:30080", "a web pod on 3000", lab.Host, node.Address, 30080, IsWeb);
        }

        yield return Try.Reach($"a pod → {lab.Nodes[^1].Name}:30080", "a web pod on 3000", lab.Pod("default", "postgres"), lab.Nodes[^1].Address, 30080, IsWeb);
        yield return Try.Reach(
            $"a pod → {Name}:80, its ClusterIP", "a web pod on 3000, source kept", lab.Pod("default", "postgres"), lab.ClusterIP(Name), 80,
            result => IsWeb(result) && result.SourceKept);
        yield return new Check(
            "a Service that names no node port; the host outside → it", $"one of {First}-{Last} is chosen, and answers", ct => WithOneChosenAsync(lab, ct));
        yield return new Check("a Service that asks for node port 80", "refused: not in the range", ct => OutOfRangeAsync(lab, ct));
    }

    /// <summary>A pod of the lesson's Deployment <c>web</c>, on its container's port.</summary>
    public static bool IsWeb(ProbeResult result) => result.Pod.StartsWith("web-", StringComparison.Ordinal) && result.Namespace == "default" && result.ServerPort == 3000;

    private static JsonObject Service(int? nodePort)
    {
        var port = new JsonObject { ["port"] = 80, ["targetPort"] = 3000 };
        if (nodePort is not null)
        {
            port["nodePort"] = nodePort;
        }

        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Service",
            ["metadata"] = new JsonObject { ["name"] = Chosen },
            ["spec"] = new JsonObject { ["type"] = "NodePort", ["selector"] = new JsonObject { ["app"] = "web" }, ["ports"] = new JsonArray(port) },
        };
    }

    private static async Task<Seen> WithOneChosenAsync(Lab lab, CancellationToken cancellationToken)
    {
        await RemoveAsync(lab);
        try
        {
            var service = await lab.Api.CreateAsync(ResourceTypes.Services, "default", Service(null), cancellationToken);
            var port = service.Objects("spec", "ports").First().Number(0, "nodePort");
            var result = await Probe.UntilAsync(lab.Host, lab.Nodes[0].Address, port, IsWeb, cancellationToken);
            return Seen.When(port is >= First and <= Last && IsWeb(result), string.Create(CultureInfo.InvariantCulture, $"{port} was chosen; {result}"));
        }
        catch (KubeException e)
        {
            return Seen.When(false, e.Message);
        }
        finally
        {
            await RemoveAsync(lab);
        }
    }

    private static async Task<Seen> OutOfRangeAsync(Lab lab, CancellationToken cancellationToken)
    {
        try
        {
            var service = Service(80);
            service["metadata"]!["name"] = Chosen + "-80";
            await lab.Api.CreateAsync(ResourceTypes.Services, "default", service, cancellationToken);
            await lab.Api.DeleteAsync(ResourceTypes.Services, "default", Chosen + "-80", null, cancellationToken);
            return Seen.When(false, "it was taken");
        }
        catch (KubeException e)
        {
            return Seen.When(e.Code == 422, e.Message);
        }
    }

    /// <summary>Also when the demo was interrupted: the Service is not the lesson's.</summary>
    private static async Task RemoveAsync(Lab lab)
    {
        try
        {
            await lab.Api.DeleteAsync(ResourceTypes.Services, "default", Chosen, null, CancellationToken.None);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // As it should be.
            return;
        }
    }
}
