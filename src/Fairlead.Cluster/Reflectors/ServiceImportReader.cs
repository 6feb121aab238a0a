using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Documents;
using Fairlead.State;

namespace Fairlead.Cluster.Reflectors;

/// <summary>ServiceImport documents (multicluster.x-k8s.io v1alpha1 and v1beta1, KEP-1645) to rows: what a Service of the clusterset is here.</summary>
internal static class ServiceImportReader
{
    public static ServiceRow Read(JsonObject document)
    {
        var spec = document.Object("spec");
        var isHeadless = spec.Text("type") switch
        {
            "ClusterSetIP" => false,
            "Headless" => true,
            var other => throw new FormatException($"type {(other.Length == 0 ? "is missing" : $"{other} is not known")}"),
        };
        return new ServiceRow
        {
            Key = document.Key(),
            Labels = document.Labels("metadata", "labels"),
            IsHeadless = isHeadless,
            ClusterIPs = isHeadless ? default : Fields.Addresses(spec.Texts("ips")).Distinct().ToValueArray(),
            Ports = spec.Objects("ports").Where(port => port.Port("port") > 0)
                .Select(port => new ServicePort(port.Text("name"), port.Protocol("protocol"), port.Port("port"), 0, "", "")).ToValueArray(),
        };
    }
}
