using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cluster.Reflectors;

/// <summary>Pod, Node, Namespace and ServiceCIDR documents to rows.</summary>
internal static class PodReader
{
    public static PodRow Pod(JsonObject document)
    {
        var spec = document.Object("spec");
        var status = document.Object("status");
        var several = Fields.Addresses(status.Objects("podIPs").Select(ip => ip.Text("ip"))).ToValueArray();
        return new PodRow
        {
            Key = document.Key(),
            Uid = document.Text("metadata", "uid"),
            Labels = document.Labels("metadata", "labels"),
            NodeName = spec.Text("nodeName"),
            IPs = several.Count > 0 ? several : Fields.Addresses([status.Text("podIP")]).ToValueArray(),
            HostNetwork = spec.Flag("hostNetwork"),
            Finished = status.Text("phase") is "Succeeded" or "Failed",
            SearchesCluster = spec.Text("dnsPolicy") is "" or "ClusterFirst" or "ClusterFirstWithHostNet",
            DnsSearches = spec.Object("dnsConfig").Texts("searches").ToValueArray(),
            Terminating = document.Text("metadata", "deletionTimestamp").Length > 0,
            Ports = spec.Objects("initContainers").Where(container => container.Text("restartPolicy") == "Always").Concat(spec.Objects("containers"))
                .SelectMany(container => container.Objects("ports")).Select(Port).OfType<ContainerPort>().ToValueArray(),
        };
    }

    public static NodeRow Node(JsonObject document)
    {
        var spec = document.Object("spec");
        var status = document.Object("status");
        var addresses = Fields.Addresses(status.Objects("addresses").Where(address => address.Text("type") == "InternalIP").Select(address => address.Text("address")));
        var ranges = Fields.Networks(spec.Texts("podCIDRs")).ToValueArray();
        return new NodeRow
        {
            Name = document.Key().Name,
            Labels = document.Labels("metadata", "labels"),
            InternalIPs = addresses.DistinctBy(address => address.IsV4).ToValueArray(),
            PodCIDRs = ranges.Count > 0 ? ranges : Fields.Networks([spec.Text("podCIDR")]).ToValueArray(),
            Ready = status.Objects("conditions").Any(condition => condition.Text("type") == "Ready" && condition.Text("status") == "True"),
            Unschedulable = spec.Flag("unschedulable"),
            IsLeaving = document.Object("metadata").Text("deletionTimestamp").Length > 0
                || spec.Objects("taints").Any(taint => taint.Text("key") == "ToBeDeletedByClusterAutoscaler"),
        };
    }

    public static NamespaceRow Namespace(JsonObject document) => new(document.Key().Name, document.Labels("metadata", "labels"))
    {
        Terminating = document.Text("metadata", "deletionTimestamp").Length > 0,
    };

    public static ServiceCidrRow ServiceCidr(JsonObject document) => new(document.Key().Name, Fields.Networks(document.Texts("spec", "cidrs")).ToValueArray());

    private static ContainerPort? Port(JsonObject port)
    {
        var number = port.Port("containerPort");
        var hostIP = IpAddr.TryParse(port.Text("hostIP"), out var address) ? address : default;
        return number == 0 ? null : new ContainerPort(port.Text("name"), port.Protocol("protocol"), number, port.Port("hostPort"), hostIP);
    }
}
