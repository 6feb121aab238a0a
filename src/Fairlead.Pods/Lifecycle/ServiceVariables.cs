using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;

namespace Fairlead.Pods.Lifecycle;

/// <summary>The environment variables that describe Services, as kubelet and Docker's links name them.</summary>
internal static class ServiceVariables
{
    internal static void Add(Dictionary<string, string> environment, IEnumerable<JsonObject> services)
    {
        foreach (var service in services)
        {
            var address = service["spec"].Text("clusterIP");
            var ports = service["spec"].Objects("ports").ToList();
            if (address is "" or "None" || ports.Count == 0)
            {
                continue;
            }

            var prefix = Upper(service["metadata"].Text("name"));
            var host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
            environment[$"{prefix}_SERVICE_HOST"] = address;
            environment[$"{prefix}_SERVICE_PORT"] = Number(ports[0]);
            environment[$"{prefix}_PORT"] = $"{ports[0].TextOr("TCP", "protocol").ToLowerInvariant()}://{host}:{Number(ports[0])}";
            foreach (var port in ports)
            {
                var protocol = port.TextOr("TCP", "protocol");
                var one = $"{prefix}_PORT_{Number(port)}_{protocol}";
                environment[one] = $"{protocol.ToLowerInvariant()}://{host}:{Number(port)}";
                environment[$"{one}_PROTO"] = protocol.ToLowerInvariant();
                environment[$"{one}_PORT"] = Number(port);
                environment[$"{one}_ADDR"] = address;
                if (port.Text("name").Length > 0)
                {
                    environment[$"{prefix}_SERVICE_PORT_{Upper(port.Text("name"))}"] = Number(port);
                }
            }
        }
    }

    private static string Upper(string name) => name.ToUpperInvariant().Replace('-', '_');

    private static string Number(JsonObject port) => port.Number(0, "port").ToString(CultureInfo.InvariantCulture);
}
