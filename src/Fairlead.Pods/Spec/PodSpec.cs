using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;

namespace Fairlead.Pods.Spec;

/// <summary>A read-only view of a Pod document, as far as running it needs.</summary>
internal sealed class PodSpec
{
    internal PodSpec(JsonObject document)
    {
        Document = document;
        var metadata = document["metadata"];
        var spec = document["spec"];
        Name = metadata.Text("name");
        Namespace = metadata.Text("namespace");
        Uid = metadata.Text("uid");
        Labels = metadata.Map("labels");
        Annotations = metadata.Map("annotations");
        NodeName = spec.Text("nodeName");
        Hostname = spec.Text("hostname");
        Subdomain = spec.Text("subdomain");
        HostNetwork = spec.Flag("hostNetwork");
        HostnameAsFqdn = spec.Flag("setHostnameAsFQDN");
        DnsPolicy = spec.TextOr("ClusterFirst", "dnsPolicy");
        RestartPolicy = spec.TextOr("Always", "restartPolicy");
        EnableServiceLinks = (spec as JsonObject)?["enableServiceLinks"] is null || spec.Flag("enableServiceLinks");
        Containers = [.. spec.Objects("containers").Select(container => new ContainerSpec(container, spec.Object("securityContext")))];
        InitContainers = [.. spec.Objects("initContainers").Select(container => new ContainerSpec(container, spec.Object("securityContext")))];
    }

    internal JsonObject Document { get; }

    internal string Name { get; }

    internal string Namespace { get; }

    internal string Uid { get; }

    internal string Key => $"{Namespace}/{Name}";

    internal IReadOnlyDictionary<string, string> Labels { get; }

    internal IReadOnlyDictionary<string, string> Annotations { get; }

    internal string NodeName { get; }

    internal string Hostname { get; }

    internal string Subdomain { get; }

    internal bool HostNetwork { get; }

    internal bool HostnameAsFqdn { get; }

    internal string DnsPolicy { get; }

    internal string RestartPolicy { get; }

    internal bool EnableServiceLinks { get; }

    internal IReadOnlyList<ContainerSpec> Containers { get; }

    internal IReadOnlyList<ContainerSpec> InitContainers { get; }

    internal JsonObject? DnsConfig => Document["spec"].Object("dnsConfig");

    /// <summary>Types of the conditions that others set and that have to be True for the pod to be ready.</summary>
    internal IReadOnlyList<string> ReadinessGates =>
        [.. Document["spec"].Objects("readinessGates").Select(gate => gate.Text("conditionType")).Where(type => type.Length > 0)];

    /// <summary>Groups every process of the pod is in, besides its own.</summary>
    internal uint[] SupplementalGroups
    {
        get
        {
            var security = Document["spec"].Object("securityContext");
            var groups = (security?["supplementalGroups"] as JsonArray ?? []).OfType<JsonValue>().Select(value => value.TryGetValue(out uint group) ? group : 0);
            return [.. groups, .. security.Number("fsGroup") is { } shared ? (uint[])[(uint)shared] : []];
        }
    }

    internal IEnumerable<JsonObject> HostAliases => Document["spec"].Objects("hostAliases");

    internal JsonObject? Volume(string name) =>
        Document["spec"].Objects("volumes").FirstOrDefault(volume => volume.Text("name") == name);
}
