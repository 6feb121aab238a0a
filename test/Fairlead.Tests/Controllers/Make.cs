using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Controllers.Rows;

namespace Fairlead.Tests.Controllers;

/// <summary>Rows as the controllers read them from documents, with only what a test cares for written out.</summary>
internal static class Make
{
    public static readonly DateTimeOffset Start = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private const string Template = """{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"web:1"}]}}""";

    public static JsonObject Document(string text) => (JsonObject)JsonNode.Parse(text)!;

    /// <summary>A pod labelled app=web, running and Ready at <paramref name="ip"/> on <paramref name="node"/>.</summary>
    public static PodInfo Pod(
        string name, string ip = "10.244.0.5", string node = "n1", bool ready = true, string phase = "Running", string spec = "", string meta = "", int age = 60)
    {
        var created = Start.AddSeconds(-age).ToString("O");
        return PodInfo.Read(Document($$"""
            { "metadata": { "namespace": "default", "name": "{{name}}", "uid": "uid-{{name}}", "labels": { "app": "web" },
                            "creationTimestamp": "{{created}}" {{meta}} },
              "spec": { "nodeName": "{{node}}" {{spec}} },
              "status": { "phase": "{{phase}}", "podIP": "{{ip}}", "podIPs": [ { "ip": "{{ip}}" } ],
                          "conditions": [ { "type": "Ready", "status": "{{(ready ? "True" : "False")}}", "lastTransitionTime": "{{created}}" } ] } }
            """));
    }

    public static string OwnedBy(string kind, string name, string uid) =>
        $$""", "ownerReferences": [ { "apiVersion": "apps/v1", "kind": "{{kind}}", "name": "{{name}}", "uid": "{{uid}}", "controller": true } ]""";

    public static NodeInfo Node(string name, string ready = "True", string spec = "", string labels = "") => NodeInfo.Read(Document($$"""
        { "metadata": { "name": "{{name}}", "uid": "uid-{{name}}", "labels": { "kubernetes.io/hostname": "{{name}}" {{labels}} } },
          "spec": { {{spec}} },
          "status": { "conditions": [ { "type": "Ready", "status": "{{ready}}" } ] } }
        """));

    /// <summary>A Service "web" that selects app=web.</summary>
    public static ServiceInfo Service(string spec = """ "ports": [ { "port": 80, "targetPort": 8080, "protocol": "TCP" } ] """, string meta = "") =>
        ServiceInfo.Read(Document($$"""
            { "metadata": { "namespace": "default", "name": "web", "uid": "uid-web" {{meta}} },
              "spec": { "selector": { "app": "web" }, "clusterIP": "10.96.0.7", "ipFamilies": [ "IPv4" ], {{spec}} } }
            """));

    public static ReplicaSetInfo ReplicaSet(
        string name, int replicas, int available = -1, string template = Template, string meta = "", string spec = "", int age = 60, int generation = 1)
    {
        available = available < 0 ? replicas : available;
        return ReplicaSetInfo.Read(Document($$"""
            { "metadata": { "namespace": "default", "name": "{{name}}", "uid": "uid-{{name}}", "labels": { "app": "web" }, "generation": {{generation}},
                            "creationTimestamp": "{{Start.AddSeconds(-age):O}}" {{meta}} },
              "spec": { "replicas": {{replicas}}, "selector": { "matchLabels": { "app": "web" } }, "template": {{template}} {{spec}} },
              "status": { "observedGeneration": {{generation}}, "replicas": {{replicas}}, "readyReplicas": {{available}}, "availableReplicas": {{available}} } }
            """));
    }

    public static DeploymentInfo Deployment(
        int replicas, string template = Template, string spec = "", string meta = "", string status = "{}") => DeploymentInfo.Read(Document($$"""
            { "metadata": { "namespace": "default", "name": "web", "uid": "uid-deployment", "generation": 1 {{meta}} },
              "spec": { "replicas": {{replicas}}, "selector": { "matchLabels": { "app": "web" } }, "template": {{template}} {{spec}} },
              "status": {{status}} }
            """));

    /// <summary>The template of another version.</summary>
    public static string TemplateOf(string image) => Template.Replace("web:1", image, StringComparison.Ordinal);
}
