using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cluster.Reflectors;

/// <summary>
/// ClusterNetworkPolicy documents to rows, closed where they are not understood (network-policy-api, ClusterNetworkPolicyIngressPeer): a rule with a peer
/// that is unknown accepts nothing if it accepts, and denies everybody if it denies or passes. So does a rule whose action is unknown. With ports that are
/// unknown it denies its peers on every port. A policy whose tier, priority or subject is unknown accepts nothing, and what it denies or passes is denied
/// before everything else. What was not understood is in the row's faults.
/// </summary>
internal sealed class ClusterPolicyReader
{
    private const int HighestPriority = 1000;

    private static readonly ValueArray<PolicyPeer> Everybody =
    [
        new PolicyPeer(null, null, new IpBlock(IpNet.Parse("0.0.0.0/0"), default)), new PolicyPeer(null, null, new IpBlock(IpNet.Parse("::/0"), default)),
    ];

    private readonly List<string> _faults = [];
    private readonly PolicyFields _fields;

    private ClusterPolicyReader() => _fields = new PolicyFields(_faults);

    public static ClusterPolicyRow Read(JsonObject document) => new ClusterPolicyReader().Row(document);

    private ClusterPolicyRow Row(JsonObject document)
    {
        var spec = document.Object("spec");
        var (namespaces, pods) = Pods(spec.Object("subject"), "spec.subject") ?? (LabelSelector.Everything, LabelSelector.Everything);
        var priority = spec.Number("priority");
        if (priority is not (>= 0 and <= HighestPriority))
        {
            _fields.Fault("spec.priority", "no number from 0 to 1000");
        }

        if (spec.Text("tier") is not ("Admin" or "Baseline"))
        {
            _fields.Fault("spec.tier", "neither Admin nor Baseline");
        }

        var closed = _faults.Count > 0;
        return new ClusterPolicyRow
        {
            Name = document.Key().Name,
            Uid = document.Text("metadata", "uid"),
            Tier = !closed && spec.Text("tier") == "Baseline" ? PolicyTier.Baseline : PolicyTier.Admin,
            Priority = closed ? 0 : (int)priority!,
            SubjectNamespaces = namespaces,
            SubjectPods = pods,
            Ingress = Rules(spec, "ingress", "from", closed),
            Egress = Rules(spec, "egress", "to", closed),
            Faults = _faults.ToValueArray(),
        };
    }

    /// <summary>Every item of the list is a rule, so that indexes are those of the document; a list that is none denies everybody.</summary>
    private ValueArray<ClusterPolicyRule> Rules(JsonObject? spec, string direction, string peersName, bool closed)
    {
        if (spec?[direction] is not JsonArray list)
        {
            if (spec?[direction] is null)
            {
                return default;
            }

            _fields.Fault($"spec.{direction}", "no list");
            return [DenyEverybody("", 0)];
        }

        var rules = new ClusterPolicyRule[list.Count];
        for (var i = 0; i < list.Count; i++)
        {
            rules[i] = Rule(list[i] as JsonObject, i, $"spec.{direction}[{i}]", peersName, closed);
        }

        return rules.ToValueArray();
    }

    private ClusterPolicyRule Rule(JsonObject? rule, int index, string path, string peersName, bool closed)
    {
        var name = rule.Text("name");
        if (Action(rule) is not { } action)
        {
            _fields.Fault($"{path}.action", "none of Accept, Deny and Pass");
            return DenyEverybody(name, index);
        }

        var before = _faults.Count;
        var peers = _fields.Items(rule, peersName, path, (peer, at) => Peer(peer, at, peersName == "to"));
        if (peers.Count == 0 && _faults.Count == before)
        {
            _fields.Fault($"{path}.{peersName}", "no peers");
        }

        var peersUnread = _faults.Count > before;
        before = _faults.Count;
        var ports = _fields.Items(rule, "protocols", path, Ports);
        var portsUnread = _faults.Count > before;
        if (action == PolicyAction.Accept && (closed || peersUnread || portsUnread))
        {
            return new ClusterPolicyRule(name, PolicyAction.Accept, default, default);
        }

        return peersUnread ? DenyEverybody(name, index) : new ClusterPolicyRule(
            name, closed || portsUnread ? PolicyAction.Deny : action, peers.SelectMany(peer => peer.Item).ToValueArray(),
            portsUnread ? default : ports.SelectMany(port => port.Item).ToValueArray())
        {
            // A list of networks is several peers, a named port is several ports.
            Places = peers.All(peer => peer.Item.Length == 1) && ports.All(port => port.Item.Length == 1) ? null : new RulePlaces(
                index, peers.SelectMany(peer => peer.Item.Select(_ => peer.Index)).ToValueArray(),
                portsUnread ? default : ports.SelectMany(port => port.Item.Select(_ => port.Index)).ToValueArray()),
        };
    }

    private static ClusterPolicyRule DenyEverybody(string name, int index) =>
        new(name, PolicyAction.Deny, Everybody, default) { Places = new RulePlaces(index, [-1, -1], default) };

    private static PolicyAction? Action(JsonObject? rule) => rule.Text("action") switch
    {
        "Accept" => PolicyAction.Accept,
        "Deny" => PolicyAction.Deny,
        "Pass" => PolicyAction.Pass,
        _ => null,
    };

    private PolicyPeer[]? Peer(JsonObject peer, string path, bool egress)
    {
        if (egress && Only(peer, "networks"))
        {
            return _fields.Networks(peer, "networks", path) is not { } networks ? null
                : networks.Count == 0 ? _fields.Fault<PolicyPeer[]>($"{path}.networks", "no range of addresses")
                : [.. networks.Select(network => new PolicyPeer(null, null, new IpBlock(network, default)))];
        }

        if (egress && Only(peer, "nodes"))
        {
            return _fields.Selector(peer, "nodes", path) is { } nodes ? [new PolicyPeer(null, null, null, nodes)] : null;
        }

        return Pods(peer, path) is { } selected ? [new PolicyPeer(selected.Namespaces, selected.Pods, null)] : null;
    }

    /// <summary>The pods of a subject or of a peer, by exactly one field; null when they are not understood, which is noted.</summary>
    private (LabelSelector Namespaces, LabelSelector Pods)? Pods(JsonObject? node, string path)
    {
        if (node is not null && Only(node, "namespaces"))
        {
            return _fields.Selector(node, "namespaces", path) is { } namespaces ? (namespaces, LabelSelector.Everything) : null;
        }

        if (node is null || !Only(node, "pods") || node.Object("pods") is not { } both || both.Any(pair => pair.Key is not ("namespaceSelector" or "podSelector")))
        {
            _fields.Fault(path, "not exactly one field that is known");
            return null;
        }

        if (both["podSelector"] is null)
        {
            _fields.Fault($"{path}.pods.podSelector", "missing");
            return null;
        }

        var spaces = both["namespaceSelector"] is null ? LabelSelector.Everything : _fields.Selector(both, "namespaceSelector", $"{path}.pods");
        var pods = _fields.Selector(both, "podSelector", $"{path}.pods");
        return spaces is null || pods is null ? null : (spaces, pods);
    }

    private PolicyPort[]? Ports(JsonObject protocol, string path)
    {
        if (Only(protocol, "destinationNamedPort") && protocol.Text("destinationNamedPort") is { Length: > 0 } name)
        {
            // Whatever its protocol: a port name stands for the port that the container gives it.
            return [new(IpProtocol.Tcp, 0, 0, name), new(IpProtocol.Udp, 0, 0, name), new(IpProtocol.Sctp, 0, 0, name)];
        }

        foreach (var (field, number) in (ReadOnlySpan<(string, IpProtocol)>)[("tcp", IpProtocol.Tcp), ("udp", IpProtocol.Udp), ("sctp", IpProtocol.Sctp)])
        {
            if (Only(protocol, field) && protocol[field] is JsonObject ports && Only(ports, "destinationPort") && ports.Object("destinationPort") is { } port
                && Range(port) is { } range)
            {
                return [new(number, range.First, range.Last, "")];
            }
        }

        return _fields.Fault<PolicyPort[]>(path, "no port of TCP, UDP or SCTP");
    }

    private static (ushort First, ushort Last)? Range(JsonObject port)
    {
        var (number, first, last) = (port.Port("number"), port.Object("range").Port("start"), port.Object("range").Port("end"));
        return Only(port, "number") && number > 0 ? (number, number)
            : Only(port, "range") && first > 0 && last >= first ? (first, last)
            : null;
    }

    /// <summary>The object has this field and no other: one that is not known here may narrow what the known ones say.</summary>
    private static bool Only(JsonObject node, string name) => node[name] is not null && node.All(pair => pair.Key == name || pair.Value is null);
}
