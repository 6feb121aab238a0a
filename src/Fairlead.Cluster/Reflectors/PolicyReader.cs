using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Documents;
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
        var types = spec.Texts("policyTypes");
        return new PolicyRow
        {
            Key = document.Key(),
            Uid = document.Text("metadata", "uid"),
            Subjects = Selector(spec.Object("podSelector") ?? []) ?? LabelSelector.Everything,
            IsolatesIngress = types.Count == 0 || types.Contains("Ingress"),
            IsolatesEgress = types.Count == 0 ? Lists(spec, "egress") : types.Contains("Egress"),
            Ingress = spec.Objects("ingress").Select(rule => Rule(rule, "from")).OfType<PolicyRule>().ToValueArray(),
            Egress = spec.Objects("egress").Select(rule => Rule(rule, "to")).OfType<PolicyRule>().ToValueArray(),
        };
    }

    private static PolicyRule? Rule(JsonObject rule, string peersName)
    {
        var peers = rule.Objects(peersName).Select(Peer).OfType<PolicyPeer>().ToValueArray();
        var ports = rule.Objects("ports").Select(Port).OfType<PolicyPort>().ToValueArray();
        return (Lists(rule, peersName) && peers.Count == 0) || (Lists(rule, "ports") && ports.Count == 0) ? null : new PolicyRule(peers, ports);
    }

    /// <summary>True when something stands there, however malformed: only what is absent or an empty list means "all".</summary>
    private static bool Lists(JsonObject? node, string name) => node?[name] is not (null or JsonArray { Count: 0 });

    private static PolicyPeer? Peer(JsonObject peer)
    {
        if (peer.Object("ipBlock") is { } block)
        {
            var except = Fields.Networks(block.Texts("except")).ToValueArray();
            var listed = block["except"] switch { null => 0, JsonArray list => list.Count, _ => -1 };
            return except.Count == listed && IpNet.TryParse(block.Text("cidr"), out var cidr) ? new PolicyPeer(null, null, new IpBlock(cidr, except)) : null;
        }

        var (pods, namespaces) = (Selector(peer.Object("podSelector")), Selector(peer.Object("namespaceSelector")));
        var unread = (pods is null && peer["podSelector"] is not null) || (namespaces is null && peer["namespaceSelector"] is not null);
        return unread || (pods is null && namespaces is null) ? null : new PolicyPeer(namespaces, pods, null);
    }

    /// <summary>Null for an absent selector, and for one that cannot be understood.</summary>
    private static LabelSelector? Selector(JsonObject? selector)
    {
        try
        {
            return selector is null ? null : LabelSelectorReader.Read(selector);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static PolicyPort? Port(JsonObject port)
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
