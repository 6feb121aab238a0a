using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Policy;
using Fairlead.State;

namespace Fairlead.KernelTests.Policy;

/// <summary>Something that policies, labels and namespaces go through, step by step; after each the grid is held against the evaluator.</summary>
internal sealed record GridCase(string Name, params Func<PolicyWorld, PolicyWorld>[] Steps);

/// <summary>What cases are made of.</summary>
internal static class GridParts
{
    public static readonly PolicyPort[] AnyPort = [];
    public static readonly PolicyPort[] Tcp80 = [new(IpProtocol.Tcp, 80, 80, "")];

    /// <summary>Whom a rule may name; none at all: anybody.</summary>
    public static IReadOnlyList<(string Name, PolicyPeer[] Peers)> Peers(PolicyWorld world)
    {
        IpNet Net(string space, string pod, int family, int prefix) => new(world.Pods[Key(space, pod)].IPs[family], prefix);
        PolicyPeer Block(IpNet cidr, params IpNet[] except) => new(null, null, new IpBlock(cidr, except.ToValueArray()));
        return
        [
            ("anybody", []),
            ("pods b", [PodsBy("pod", "b")]),
            ("all pods of the namespace", [new(null, LabelSelector.Everything, null)]),
            ("pods in (b, c)", [new(null, Select("pod", LabelOperator.In, "b", "c"), null)]),
            ("pods not in (b)", [new(null, Select("pod", LabelOperator.NotIn, "b"), null)]),
            ("pods with a label", [new(null, Select("pod", LabelOperator.Exists), null)]),
            ("pods without a label", [new(null, Select("pod", LabelOperator.DoesNotExist), null)]),
            ("namespace y", [Space("y")]),
            ("all namespaces", [new(LabelSelector.Everything, null, null)]),
            ("namespaces not in (x)", [new(Select("name", LabelOperator.NotIn, "x"), null, null)]),
            ("namespaces in (x, z)", [new(Select("name", LabelOperator.In, "x", "z"), null, null)]),
            ("namespace z by its own label", [new(Select("kubernetes.io/metadata.name", LabelOperator.In, "z"), null, null)]),
            ("no namespace", [Space("nowhere")]),
            ("pods c of namespace y", [new(Select("name", LabelOperator.In, "y"), Select("pod", LabelOperator.In, "c"), null)]),
            ("pods b of all namespaces", [new(LabelSelector.Everything, Select("pod", LabelOperator.In, "b"), null)]),
            ("a pod's address", [Block(Net("y", "b", 0, 32)), Block(Net("y", "b", 1, 128))]),
            ("a block but one of it", [Block(PolicyNode.Range, Net("y", "b", 0, 32)), Block(PolicyNode.Range6, Net("y", "b", 1, 128))]),
            ("a block but a part of it", [Block(IpNet.Parse("0.0.0.0/0"), Net("x", "a", 0, 29)), Block(IpNet.Parse("::/0"), Net("x", "a", 1, 125))]),
            ("everything of one family", [Block(IpNet.Parse("0.0.0.0/0"))]),
            ("what one block excepts and another names", [Block(PolicyNode.Range, Net("z", "c", 0, 32)), Block(Net("z", "c", 0, 32))]),
            ("addresses elsewhere", [Block(IpNet.Parse("192.0.2.0/24")), Block(IpNet.Parse("2001:db8::/32"))]),
            ("pods b, or namespace z", [PodsBy("pod", "b"), Space("z")]),
            ("a block, or pods c of namespace y", [Block(Net("x", "c", 0, 32)), new(Select("name", LabelOperator.In, "y"), Select("pod", LabelOperator.In, "c"), null)]),
        ];
    }

    /// <summary>Which ports a rule may name; none at all: everything.</summary>
    public static IReadOnlyList<(string Name, PolicyPort[] Ports)> PortLists { get; } =
    [
        ("everything", AnyPort),
        ("TCP 80", Tcp80),
        ("UDP 81", [new(IpProtocol.Udp, 81, 81, "")]),
        ("TCP 80 and UDP 81", [new(IpProtocol.Tcp, 80, 80, ""), new(IpProtocol.Udp, 81, 81, "")]),
        ("TCP", [new(IpProtocol.Tcp, 0, 0, "")]),
        ("UDP", [new(IpProtocol.Udp, 0, 0, "")]),
        ("TCP 80 to 81", [new(IpProtocol.Tcp, 80, 81, "")]),
        ("UDP 1 to 80", [new(IpProtocol.Udp, 1, 80, "")]),
        ("TCP serve-80", [new(IpProtocol.Tcp, 0, 0, "serve-80")]),
        ("UDP serve-81", [new(IpProtocol.Udp, 0, 0, "serve-81")]),
        ("TCP swapped, whose number depends on the pod", [new(IpProtocol.Tcp, 0, 0, "swapped")]),
        ("a name nobody has", [new(IpProtocol.Tcp, 0, 0, "unknown")]),
        ("SCTP 80", [new(IpProtocol.Sctp, 80, 80, "")]),
        ("SCTP 80 and TCP 81", [new(IpProtocol.Sctp, 80, 80, ""), new(IpProtocol.Tcp, 81, 81, "")]),
    ];

    /// <summary>Whom a policy may be about.</summary>
    public static IReadOnlyList<(string Name, LabelSelector Pods)> Subjects { get; } =
    [
        ("a", Select("pod", LabelOperator.In, "a")),
        ("all", LabelSelector.Everything),
        ("b and c", Select("pod", LabelOperator.In, "b", "c")),
        ("not a", Select("pod", LabelOperator.NotIn, "a")),
        ("none", Select("pod", LabelOperator.DoesNotExist)),
    ];

    /// <summary>Pods are named by their namespace as well: their links are on one node.</summary>
    public static ObjectKey Key(string space, string pod) => new(space, space + pod);

    public static LabelSelector Select(string key, LabelOperator op, params string[] values) => new([new LabelRequirement(key, op, values)]);

    public static PolicyPeer PodsBy(string key, string value) => new(null, Select(key, LabelOperator.In, value), null);

    public static PolicyPeer Space(string name) => new(Select("name", LabelOperator.In, name), null, null);

    public static PolicyRule Rule(PolicyPeer[] peers, PolicyPort[] ports) => new(peers.ToValueArray(), ports.ToValueArray());

    public static PolicyRow Np(string name, LabelSelector subjects, PolicyRule[]? ingress, PolicyRule[]? egress, string space = "x") => new()
    {
        Key = new ObjectKey(space, name),
        Subjects = subjects,
        IsolatesIngress = ingress is not null,
        IsolatesEgress = egress is not null,
        Ingress = (ingress ?? []).ToValueArray(),
        Egress = (egress ?? []).ToValueArray(),
    };

    /// <summary>A policy of one direction.</summary>
    public static PolicyRow Np(string name, LabelSelector subjects, bool ingress, params PolicyRule[] rules) =>
        ingress ? Np(name, subjects, rules, null) : Np(name, subjects, null, rules);

    public static ClusterPolicyRow Cnp(string name, PolicyTier tier, int priority, LabelSelector spaces, bool ingress, params ClusterPolicyRule[] rules) => new()
    {
        Name = name,
        Tier = tier,
        Priority = priority,
        SubjectNamespaces = spaces,
        Ingress = ingress ? rules.ToValueArray() : default,
        Egress = ingress ? default : rules.ToValueArray(),
    };

    public static ClusterPolicyRule ClusterRule(PolicyAction action, PolicyPeer[] peers, params PolicyPort[] ports) => new("", action, peers.ToValueArray(), ports.ToValueArray());

    public static Func<PolicyWorld, PolicyWorld> With(PolicyRow policy) => world => world with { Policies = world.Policies.SetItem(policy.Key, policy) };

    public static Func<PolicyWorld, PolicyWorld> With(ClusterPolicyRow policy) => world => world with { ClusterPolicies = world.ClusterPolicies.SetItem(policy.Name, policy) };

    public static Func<PolicyWorld, PolicyWorld> Without(string policy) => world => world with
    {
        Policies = world.Policies.Remove(new ObjectKey("x", policy)),
        ClusterPolicies = world.ClusterPolicies.Remove(policy),
    };

    public static Func<PolicyWorld, PolicyWorld> Label(string space, string pod, params (string Key, string Value)[] labels) => world =>
    {
        var key = Key(space, pod);
        return world with { Pods = world.Pods.SetItem(key, world.Pods[key] with { Labels = Labels.From(labels.Select(label => KeyValuePair.Create(label.Key, label.Value))) }) };
    };

    public static Func<PolicyWorld, PolicyWorld> LabelSpace(string space, params (string Key, string Value)[] labels) => world => world with
    {
        Namespaces = world.Namespaces.SetItem(space, new NamespaceRow(space, Labels.From(labels.Select(label => KeyValuePair.Create(label.Key, label.Value))))),
    };
}
