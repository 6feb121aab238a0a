using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cluster.Reflectors;

/// <summary>
/// NetworkPolicy documents to rows. A peer or port that cannot be understood allows nothing: it is left out of its rule, and a rule that would be left
/// with none is left out itself, as an empty list would allow everything. Subjects that cannot be understood are every pod of the namespace, and
/// policyTypes that cannot are both. What was not understood is in the row's faults.
/// </summary>
internal sealed class PolicyReader
{
    private readonly PolicyFields _fields;

    private PolicyReader(List<string> faults) => _fields = new PolicyFields(faults);

    public static PolicyRow Read(JsonObject document)
    {
        var faults = new List<string>();
        return new PolicyReader(faults).Row(document) with { Faults = faults.ToValueArray() };
    }

    private PolicyRow Row(JsonObject document)
    {
        var spec = document.Object("spec");
        var types = spec.Texts("policyTypes");
        var unreadTypes = UnreadTypes(spec, types);
        return new PolicyRow
        {
            Key = document.Key(),
            Uid = document.Text("metadata", "uid"),
            Subjects = _fields.Selector(spec, "podSelector", "spec") ?? LabelSelector.Everything,
            IsolatesIngress = unreadTypes || types.Count == 0 || types.Contains("Ingress"),
            IsolatesEgress = unreadTypes || (types.Count == 0 ? PolicyFields.Lists(spec, "egress") : types.Contains("Egress")),
            Ingress = Rules(spec, "ingress", "from"),
            Egress = Rules(spec, "egress", "to"),
        };
    }

    private bool UnreadTypes(JsonObject? spec, IReadOnlyList<string> types)
    {
        var unread = spec?["policyTypes"] switch
        {
            null => false,
            JsonArray list => list.Count != types.Count || types.Any(type => type is not ("Ingress" or "Egress")),
            _ => true,
        };
        if (unread)
        {
            _fields.Fault("spec.policyTypes", "neither Ingress nor Egress");
        }

        return unread;
    }

    private ValueArray<PolicyRule> Rules(JsonObject? spec, string direction, string peersName) =>
        _fields.Items(spec, direction, "spec", (rule, path) => Rule(rule, path, peersName))
            .Select((read, position) => Placed(read.Item.Rule, position, read.Index, read.Item.Peers, read.Item.Ports)).ToValueArray();

    private Parts? Rule(JsonObject rule, string path, string peersName)
    {
        var peers = _fields.Items(rule, peersName, path, Peer);
        var ports = _fields.Items(rule, "ports", path, Port);
        return (PolicyFields.Lists(rule, peersName) && peers.Count == 0) || (PolicyFields.Lists(rule, "ports") && ports.Count == 0)
            ? null
            : new Parts(
                new PolicyRule(peers.Select(peer => peer.Item).ToValueArray(), ports.Select(port => port.Item).ToValueArray()),
                [.. peers.Select(peer => peer.Index)], [.. ports.Select(port => port.Index)]);
    }

    /// <summary>Most documents are understood whole: then everything stands where it stands, and no places are kept.</summary>
    private static PolicyRule Placed(PolicyRule rule, int position, int index, int[] peers, int[] ports)
    {
        var whole = position == index && peers.Select((at, i) => at == i).All(same => same) && ports.Select((at, i) => at == i).All(same => same);
        return whole ? rule : rule with { Places = new RulePlaces(index, peers.ToValueArray(), ports.ToValueArray()) };
    }

    private PolicyPeer? Peer(JsonObject peer, string path)
    {
        if (peer["ipBlock"] is not null)
        {
            return peer.Object("ipBlock") is { } block ? Block(block, $"{path}.ipBlock") : _fields.Fault<PolicyPeer>($"{path}.ipBlock", "no range of addresses");
        }

        var (pods, namespaces) = (_fields.Selector(peer, "podSelector", path), _fields.Selector(peer, "namespaceSelector", path));
        if ((pods is null && peer["podSelector"] is not null) || (namespaces is null && peer["namespaceSelector"] is not null))
        {
            return null;
        }

        return pods is null && namespaces is null ? _fields.Fault<PolicyPeer>(path, "no peer") : new PolicyPeer(namespaces, pods, null);
    }

    private PolicyPeer? Block(JsonObject block, string path)
    {
        if (!IpNet.TryParse(block.Text("cidr"), out var cidr))
        {
            return _fields.Fault<PolicyPeer>($"{path}.cidr", "no range of addresses");
        }

        return _fields.Networks(block, "except", path) is { } except ? new PolicyPeer(null, null, new IpBlock(cidr, except)) : null;
    }

    private PolicyPort? Port(JsonObject port, string path)
    {
        if (!Fields.TryProtocol(port.Text("protocol"), out var protocol) || (port["protocol"] is not null && port.Text("protocol").Length == 0))
        {
            return _fields.Fault<PolicyPort>($"{path}.protocol", "none of TCP, UDP and SCTP");
        }

        var (number, name) = (port.Port("port"), port.Text("port"));
        if (port["endPort"] is not null && (number == 0 || port.Port("endPort") < number))
        {
            return _fields.Fault<PolicyPort>($"{path}.endPort", "no end of a range of ports");
        }

        return port["port"] is null ? new PolicyPort(protocol, 0, 0, "")
            : name.Length > 0 ? new PolicyPort(protocol, 0, 0, name)
            : number == 0 ? _fields.Fault<PolicyPort>($"{path}.port", "no port")
            : new PolicyPort(protocol, number, Math.Max(number, port.Port("endPort")), "");
    }

    /// <summary>A rule as it is understood, and where its parts stand.</summary>
    private sealed record Parts(PolicyRule Rule, int[] Peers, int[] Ports);
}
