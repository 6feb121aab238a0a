using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cluster.Reflectors;

/// <summary>
/// NetworkPolicy documents to rows. A peer or port that cannot be understood allows nothing: it is left out of its rule, and a rule that would be left
/// with none is left out itself, as an empty list would allow everything. Subjects that cannot be understood are every pod of the namespace.
/// </summary>
internal static class PolicyReader
{
    public static PolicyRow Read(JsonObject document)
    {
        var spec = document.Object("spec");
        var types = spec.Texts("policyTypes").ToList();
        return new PolicyRow
        {
            Key = document.Key(),
            Uid = document.Object("metadata").Text("uid"),
            Subjects = Selector(spec.Object("podSelector") ?? []) ?? LabelSelector.Everything,
            IsolatesIngress = types.Count == 0 || types.Contains("Ingress"),
            IsolatesEgress = types.Count == 0 ? spec.Items("egress").Any() : types.Contains("Egress"),
            Ingress = spec.Items("ingress").Select(rule => Rule(rule, "from")).OfType<PolicyRule>().ToValueArray(),
            Egress = spec.Items("egress").Select(rule => Rule(rule, "to")).OfType<PolicyRule>().ToValueArray(),
        };
    }

    private static PolicyRule? Rule(JsonNode rule, string peersName)
    {
        var (peerNodes, portNodes) = (rule.Items(peersName).ToList(), rule.Items("ports").ToList());
        var peers = peerNodes.Select(Peer).OfType<PolicyPeer>().ToValueArray();
        var ports = portNodes.Select(Port).OfType<PolicyPort>().ToValueArray();
        return (peerNodes.Count > 0 && peers.Count == 0) || (portNodes.Count > 0 && ports.Count == 0) ? null : new PolicyRule(peers, ports);
    }

    private static PolicyPeer? Peer(JsonNode peer)
    {
        var (pods, namespaces) = (peer.Object("podSelector"), peer.Object("namespaceSelector"));
        if (peer.Object("ipBlock") is { } block)
        {
            return IpNet.TryParse(block.Text("cidr"), out var cidr)
                ? new PolicyPeer(null, null, new IpBlock(cidr, Fields.Networks(block.Texts("except")).ToValueArray()))
                : null;
        }

        var (podSelector, namespaceSelector) = (Selector(pods), Selector(namespaces));
        var unread = (pods is not null && podSelector is null) || (namespaces is not null && namespaceSelector is null);
        return unread || (pods is null && namespaces is null) ? null : new PolicyPeer(namespaceSelector, podSelector, null);
    }

    /// <summary>Null for an absent selector, and for one that cannot be understood.</summary>
    private static LabelSelector? Selector(JsonObject? selector)
    {
        try
        {
            return selector is null ? null : Fields.Selector(selector);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static PolicyPort? Port(JsonNode port)
    {
        if (!Fields.TryProtocol(port.Text("protocol"), out var protocol))
        {
            return null;
        }

        var (number, end, name) = (port.Port("port"), port.Port("endPort"), port.Text("port"));
        if (port["port"] is null)
        {
            return new PolicyPort(protocol, 0, 0, "");
        }

        if (name.Length > 0)
        {
            return new PolicyPort(protocol, 0, 0, name);
        }

        return number == 0 || (end > 0 && end < number) ? null : new PolicyPort(protocol, number, end == 0 ? number : end, "");
    }
}
