using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Controllers.Addresses;
using Fairlead.Kube.Client;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Bootstrap;

/// <summary>
/// The objects that a cluster has from its first moment: the four namespaces, Service default/kubernetes with its endpoints, Service
/// kube-system/kube-dns with ConfigMap kube-system/coredns, the ServiceCIDR. Those there are stay as they are, but the endpoints, which follow the advertised address.
/// </summary>
internal static class ClusterObjects
{
    /// <summary>Service kubernetes has the first address of each range.</summary>
    public const int KubernetesOffset = 1;

    /// <summary>Service kube-dns has the tenth.</summary>
    public const int DnsOffset = 10;

    // As kubeadm's, so that what is written about CoreDNS on Kubernetes holds here. The time to live is CoreDNS's own: an answer costs the node no more than
    // its memory, while one kept for long may name an endpoint that is gone.
    private const string Corefile =
        """
        .:53 {
            errors
            health {
               lameduck 5s
            }
            ready
            kubernetes cluster.local in-addr.arpa ip6.arpa {
               pods insecure
               fallthrough in-addr.arpa ip6.arpa
               ttl 5
            }
            autopath @kubernetes
            prometheus :9153
            forward . /etc/resolv.conf {
               max_concurrent 1000
            }
            cache 30 {
               disable success cluster.local
               disable denial cluster.local
            }
            loop
            reload
            loadbalance
        }

        """;

    /// <summary>Makes what is missing.</summary>
    public static async Task EnsureAsync(IKubeApi api, ControlPlaneOptions options, CancellationToken cancellationToken)
    {
        foreach (var name in (string[])["default", "kube-system", "kube-public", "kube-node-lease"])
        {
            await CreateAsync(api, ResourceTypes.Namespaces, "", name, [], cancellationToken);
        }

        await EnsureRangesAsync(api, options, cancellationToken);
        await CreateAsync(api, ResourceTypes.Services, "kube-system", "kube-dns", DnsService(options), cancellationToken);
        await CreateAsync(api, ResourceTypes.ConfigMaps, "kube-system", "coredns", DnsConfig(), cancellationToken);
        if (options.Advertise is { } advertised)
        {
            await CreateAsync(api, ResourceTypes.Services, "default", "kubernetes", KubernetesService(options, advertised), cancellationToken);
            await ReplaceAsync(api, ResourceTypes.Endpoints, Endpoints(advertised), cancellationToken);
            await ReplaceAsync(api, ResourceTypes.EndpointSlices, Slice(advertised), cancellationToken);
        }
    }

    private static async Task CreateAsync(
        IKubeApi api, ResourceType type, string ns, string name, JsonObject body, CancellationToken cancellationToken)
    {
        var metadata = ObjectMeta.Of(body);
        metadata["name"] = name;
        try
        {
            // It may be there from an earlier start, perhaps changed since by its owner; a Service then holds the very address asked for.
            await api.GetAsync(type, ns, name, cancellationToken);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            await api.CreateAsync(type, ns, body, cancellationToken);
        }
    }

    /// <summary>Ready at once, since the Services that follow have addresses of it; and never without its finalizer.</summary>
    private static async Task EnsureRangesAsync(IKubeApi api, ControlPlaneOptions options, CancellationToken cancellationToken)
    {
        await CreateAsync(api, ResourceTypes.ServiceCidrs, "", ServiceCidrController.OwnRange, ServiceCidr(options), cancellationToken);
        var stored = await api.GetAsync(ResourceTypes.ServiceCidrs, "", ServiceCidrController.OwnRange, cancellationToken);
        if (ServiceRangeInfo.Read(stored) is { Ready: not "True", Meta.Deleted: null })
        {
            var ready = ServiceCidrController.ReadyCondition("True", "", "Kubernetes Service CIDR is ready", options.Time.GetUtcNow());
            var patch = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(ready) } };
            await api.PatchAsync(ResourceTypes.ServiceCidrs, "", ServiceCidrController.OwnRange, "status", PatchKind.Strategic, patch, cancellationToken);
        }
    }

    private static async Task ReplaceAsync(IKubeApi api, ResourceType type, JsonObject body, CancellationToken cancellationToken)
    {
        try
        {
            await api.UpdateAsync(type, "default", "kubernetes", "", body.DeepClone().AsObject(), cancellationToken);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            await api.CreateAsync(type, "default", body, cancellationToken);
        }
    }

    private static JsonObject ServiceCidr(ControlPlaneOptions options) => new()
    {
        ["metadata"] = new JsonObject { ["finalizers"] = Texts([ServiceRangeInfo.Finalizer]) },
        ["spec"] = new JsonObject { ["cidrs"] = Texts(options.ServiceRanges.Select(range => range.ToString())) },
    };

    private static JsonObject KubernetesService(ControlPlaneOptions options, IPEndPoint advertised)
    {
        // Only the family that the server is reached by has endpoints, so only it gets an address.
        var family = advertised.AddressFamily == AddressFamily.InterNetwork;
        var range = options.ServiceRanges.FirstOrDefault(item => item.Address.IsV4 == family, options.ServiceRanges[0]);
        var spec = Addressed([range], KubernetesOffset);
        spec["ports"] = new JsonArray(Port("https", 443, "TCP", advertised.Port));
        spec["sessionAffinity"] = "None";
        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" } },
            ["spec"] = spec,
        };
    }

    private static JsonObject DnsConfig() => new() { ["data"] = new JsonObject { ["Corefile"] = Corefile } };

    private static JsonObject DnsService(ControlPlaneOptions options)
    {
        var spec = Addressed(options.ServiceRanges, DnsOffset);
        spec["selector"] = new JsonObject { ["k8s-app"] = "kube-dns" };
        spec["ports"] = new JsonArray(Port("dns", 53, "UDP", 53), Port("dns-tcp", 53, "TCP", 53), Port("metrics", 9153, "TCP", 9153));
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["labels"] = new JsonObject
                {
                    ["k8s-app"] = "kube-dns",
                    ["kubernetes.io/cluster-service"] = "true",
                    ["kubernetes.io/name"] = "CoreDNS",
                },
            },
            ["spec"] = spec,
        };
    }

    private static JsonObject Addressed(IReadOnlyList<IpNet> ranges, int offset) => new()
    {
        ["type"] = "ClusterIP",
        ["clusterIP"] = ranges[0].At((UInt128)offset).ToString(),
        ["clusterIPs"] = Texts(ranges.Select(range => range.At((UInt128)offset).ToString())),
        ["ipFamilies"] = Texts(ranges.Select(range => range.Address.IsV4 ? "IPv4" : "IPv6")),
        ["ipFamilyPolicy"] = ranges.Count > 1 ? "RequireDualStack" : "SingleStack",
    };

    private static JsonObject Port(string name, int port, string protocol, int target) =>
        new() { ["name"] = name, ["port"] = port, ["protocol"] = protocol, ["targetPort"] = target };

    private static JsonObject Endpoints(IPEndPoint advertised) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = "kubernetes",
            ["labels"] = new JsonObject { ["endpointslice.kubernetes.io/skip-mirror"] = "true" },
        },
        ["subsets"] = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(new JsonObject { ["ip"] = advertised.Address.ToString() }),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = advertised.Port, ["protocol"] = "TCP" }),
        }),
    };

    private static JsonObject Slice(IPEndPoint advertised) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = "kubernetes",
            ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = "kubernetes" },
        },
        ["addressType"] = advertised.AddressFamily == AddressFamily.InterNetwork ? "IPv4" : "IPv6",
        ["endpoints"] = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(advertised.Address.ToString()),
            ["conditions"] = new JsonObject { ["ready"] = true },
        }),
        ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = advertised.Port, ["protocol"] = "TCP" }),
    };

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);
}
