using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.Kube.Client;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Forwarding;

/// <summary>Finds what a proxied request is for, as upstream does: a pod by its address, a Service by a ready endpoint that is a pod, a node.</summary>
internal sealed class ProxyTargets(ApiRegistry registry)
{
    /// <summary>The port of every node's kubelet.</summary>
    private const int KubeletPort = 10250;

    /// <summary>Resolves a request.</summary>
    /// <exception cref="StatusException">400: malformed, or an address that is not to be reached; 404: no such object; 503: no endpoint.</exception>
    public ProxyTarget Resolve(ProxyPath path)
    {
        var (scheme, name, port) = path.Split();
        return path.Plural switch
        {
            "pods" => Pod(path.Namespace, name, scheme, port),
            "services" => Service(path, name, scheme, port),
            _ => Node(name, scheme, port),
        };
    }

    private ProxyTarget Pod(string ns, string name, string scheme, string port)
    {
        var pod = registry.Reader.Get(Kind(ResourceTypes.Pods), ns, name).Parse();
        var number = port.Length > 0 ? Number(port) : FirstPort(pod);
        return Checked(scheme, pod.Text("spec", "nodeName") ?? "", pod.Text("status", "podIP") ?? "", number);
    }

    /// <summary>The first port that a container declares; without any the scheme's.</summary>
    private static int? FirstPort(JsonObject pod) => (int?)pod.List("spec", "containers").Items()
        .SelectMany(container => container.Item.List("ports").Items()).Select(port => port.Item.Number("containerPort")).FirstOrDefault();

    private ProxyTarget Service(ProxyPath path, string name, string scheme, string port)
    {
        var service = registry.Reader.Get(Kind(ResourceTypes.Services), path.Namespace, name).Parse();
        if (int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            port = service.List("spec", "ports").Items().Where(entry => entry.Item.Number("port") == number).Select(entry => entry.Item.Text("name") ?? "")
                .FirstOrDefault() ?? throw Unavailable($"no service port {number} found for service \"{name}\"");
        }

        var subsets = registry.Find(Kind(ResourceTypes.Endpoints), path.Namespace, name)?.Parse().List("subsets").Items().Select(entry => entry.Item).ToArray() ?? [];
        Random.Shared.Shuffle(subsets);
        foreach (var subset in subsets)
        {
            var target = subset.List("ports").Items().FirstOrDefault(entry => (entry.Item.Text("name") ?? "") == port).Item;
            var addresses = subset.List("addresses").Items().Select(entry => entry.Item).ToArray();
            Random.Shared.Shuffle(addresses);
            if (target.Number("port") is { } found && addresses.Select(address => PodOf(path.Namespace, address)).FirstOrDefault(pod => pod is not null) is { } pod)
            {
                return Checked(scheme, pod.Node, pod.Address, (int)found);
            }
        }

        throw Unavailable($"no endpoints available for service \"{path.Id}\"");
    }

    /// <summary>An endpoint is only followed to a pod that has its address: whoever may write Endpoints shall not make the server connect anywhere.</summary>
    private PodAddress? PodOf(string ns, JsonObject address)
    {
        if (address.Text("targetRef", "namespace") != ns || address.Text("targetRef", "name") is not { } name || address.Text("ip") is not { } ip)
        {
            return null;
        }

        var pod = registry.Find(Kind(ResourceTypes.Pods), ns, name)?.Parse();
        var has = pod.List("status", "podIPs").Items().Any(entry => entry.Item.Text("ip") == ip) || pod.Text("status", "podIP") == ip;
        return has ? new PodAddress(pod.Text("spec", "nodeName") ?? "", ip) : null;
    }

    private ProxyTarget Node(string name, string scheme, string port)
    {
        var node = registry.Reader.Get(Kind(ResourceTypes.Nodes), "", name).Parse();
        var address = node.List("status", "addresses").Items().Where(entry => entry.Item.Text("type") == "InternalIP")
            .Select(entry => entry.Item.Text("address")).FirstOrDefault() ?? throw Unavailable($"node {name} has no address");
        var number = port.Length > 0 ? Number(port) : KubeletPort;
        return number == KubeletPort ? new ProxyTarget("http", name, address, KubeletPort, IsKubelet: true) : Checked(scheme, name, address, number);
    }

    private static ProxyTarget Checked(string scheme, string node, string text, int? port)
    {
        if (!IpAddr.TryParse(text, out var address) || address.IsSpecial)
        {
            throw StatusException.BadRequest("address not allowed");
        }

        scheme = scheme.Length > 0 ? scheme : "http";
        return new ProxyTarget(scheme, node, address.ToString(), port is null or 0 ? scheme == "https" ? 443 : 80 : port.Value);
    }

    private static int Number(string port) =>
        int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 65535
            ? number
            : throw StatusException.BadRequest($"\"{port}\" is no port: a number from 1 to 65535 is needed");

    private static StatusException Unavailable(string message) => new(503, "ServiceUnavailable", message);

    private static KindDefinition Kind(ResourceType type) => KindTable.Find(type)!;

    private sealed record PodAddress(string Node, string Address);
}
